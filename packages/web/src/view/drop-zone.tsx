/** Files that are dropped anywhere on the window. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Icon } from './icons.tsx';

interface DropZoneParts {
  /** Whether files can be sent at the moment. */
  readonly isOpen: boolean;
  readonly drop: (files: File[]) => void;
}

/** Says where to let go while something is dragged over the window. */
export function DropZone({ isOpen, drop }: DropZoneParts) {
  const isOver = useSignal(false);
  useEffect(() => {
    const over = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files') !== true) return;
      // Else the browser would show the file instead of the page.
      event.preventDefault();
      event.dataTransfer.dropEffect = isOpen ? 'copy' : 'none';
      isOver.value = isOpen;
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) isOver.value = false;
    };
    const take = (event: DragEvent) => {
      event.preventDefault();
      isOver.value = false;
      if (isOpen) drop([...(event.dataTransfer?.files ?? [])]);
    };
    addEventListener('dragover', over);
    addEventListener('dragleave', leave);
    addEventListener('drop', take);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', take);
    };
  }, [isOpen, drop, isOver]);
  if (!isOver.value) return null;
  return (
    <div class="drop">
      <p>
        <Icon name="file" />
        Drop to send
      </p>
    </div>
  );
}
