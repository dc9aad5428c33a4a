/** Where a message is written. Enter sends it, Shift and Enter begin a new line. */
import { useEffect, useRef } from 'preact/hooks';
import type { Chat } from '../chat/chat.ts';
import { Icon } from './icons.tsx';

interface ComposerParts {
  readonly chat: Chat;
  /** Whether something can be sent at the moment. */
  readonly isOpen: boolean;
  readonly name: string;
  /** Whether whoever it was for is not there any more. */
  readonly hasLeft: boolean;
}

/** Text and files. */
export function Composer({ chat, isOpen, name, hasLeft }: ComposerParts) {
  const text = useRef<HTMLTextAreaElement>(null);
  const files = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isOpen) text.current?.focus();
  }, [isOpen]);
  const grow = () => {
    const field = text.current;
    if (field !== null) field.rows = Math.min(6, field.value.split('\n').length);
  };
  const send = () => {
    const field = text.current;
    if (field === null || !isOpen || field.value.trim() === '') return;
    chat.sendText(field.value);
    field.value = '';
    grow();
    field.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault();
    send();
  };
  const attach = () => {
    chat.sendFiles([...(files.current?.files ?? [])]);
    if (files.current !== null) files.current.value = '';
  };
  return (
    <form class="composer" onSubmit={onSubmit}>
      <input ref={files} type="file" multiple hidden aria-label="Files" onChange={attach} />
      <button
        type="button"
        class="round"
        aria-label="Send files"
        disabled={!isOpen}
        onClick={() => files.current?.click()}
      >
        <Icon name="clip" />
      </button>
      <textarea
        ref={text}
        rows={1}
        aria-label={name === '' ? 'Message' : `Message to ${name}`}
        placeholder={isOpen ? 'Write a message' : hasLeft ? `${name} has left` : 'Cannot send right now'}
        disabled={!isOpen}
        onInput={grow}
        onKeyDown={onKeyDown}
      />
      <button type="submit" class="round main" aria-label="Send" disabled={!isOpen}>
        <Icon name="send" />
      </button>
    </form>
  );
}
