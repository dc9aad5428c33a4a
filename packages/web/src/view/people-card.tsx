/** Whom to talk to: those who are here by name, or whoever's address is pasted. */
import { useEffect, useRef } from 'preact/hooks';
import type { Person } from '../chat/state.ts';
import { Avatar } from './avatar.tsx';
import type { Parts } from './page.tsx';

/** Both ways to begin. */
export function PeopleCard({ chat, state }: Parts) {
  const field = useRef<HTMLInputElement>(null);
  const people = state.people.value;
  const isReady = state.phase.value === 'ready';
  const isTalking = state.peer.value !== undefined;
  const heading = useRef<HTMLHeadingElement>(null);
  const wasTalking = useRef(isTalking);
  useEffect(() => {
    // The button that closed the session is gone; whoever uses the keyboard goes on from here.
    if (wasTalking.current && !isTalking) heading.current?.focus();
    wasTalking.current = isTalking;
  }, [isTalking]);
  const open = (event: SubmitEvent) => {
    event.preventDefault();
    const path = field.current?.value ?? '';
    if (field.current !== null && isReady) field.current.value = '';
    if (isReady) void chat.open(path);
  };
  return (
    <section class="card people" aria-labelledby="people">
      <h2 id="people" ref={heading} tabIndex={-1}>
        Who is here
      </h2>
      {state.hasRendezvous.value && people.length === 0 && (
        <p class="empty">Nobody else yet. Open this page in a second tab and sign in as somebody else.</p>
      )}
      <ul aria-labelledby="people">
        {people.map((person) => (
          <Row key={person.path} person={person} state={state} chat={chat} />
        ))}
      </ul>
      {!isTalking && (
        <form onSubmit={open}>
          <label>
            Or paste an address
            <input ref={field} name="path" required autocomplete="off" spellcheck={false} placeholder="msrps://…" />
          </label>
          <button type="submit" aria-disabled={!isReady}>
            Open session
          </button>
        </form>
      )}
      {!isTalking && (
        <p class="problem" role="alert" hidden={state.problem.value === ''}>
          {state.problem}
        </p>
      )}
    </section>
  );
}

function Row({ chat, state, person }: Parts & { readonly person: Person }) {
  const isPeer = state.peer.value?.path === person.path;
  const isBusy = person.calls !== undefined && person.calls !== state.address.value;
  const isPossible = state.phase.value === 'ready' && state.peer.value === undefined && !isBusy;
  return (
    <li>
      <Avatar name={person.name} />
      <span class="name">{person.name}</span>
      {isPossible ? (
        <button
          type="button"
          aria-label={`Talk to ${person.name}`}
          onClick={() => void chat.open(person.path, person.name)}
        >
          Talk
        </button>
      ) : (
        <span class="note">
          {isPeer ? (state.peerHasLeft.value ? 'has left' : 'with you') : isBusy ? 'talking' : ''}
        </span>
      )}
    </li>
  );
}
