/** Your own path, to be handed to somebody. It is a secret of two: who knows it can write to you. */
import { useSignal } from '@preact/signals';
import { Icon } from './icons.tsx';

/** Shows it, and copies it. */
export function AddressCard({ address }: { readonly address: string }) {
  const said = useSignal('');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(address);
      said.value = 'Copied';
    } catch {
      said.value = 'Mark the address and copy it by hand: the browser did not allow it';
    }
  };
  return (
    <section class="card address" aria-labelledby="address">
      <h2 id="address">Your address</h2>
      <p class="hint">Whoever has it can write to you, from a terminal too. Share it with nobody else.</p>
      <output class="path" aria-labelledby="address">
        {address}
      </output>
      <div class="row">
        <button type="button" onClick={() => void copy()}>
          <Icon name="copy" />
          Copy
        </button>
        <span class="said" role="status">
          {said}
        </span>
      </div>
    </section>
  );
}
