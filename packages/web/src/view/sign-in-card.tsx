/** User and password. */
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from './icons.tsx';
import type { Parts } from './page.tsx';

/** The form, with what went wrong the last time. */
export function SignInCard({ chat, state }: Parts) {
  const form = useRef<HTMLFormElement>(null);
  const problem = state.problem.value;
  const isBusy = state.phase.value === 'connecting';
  useEffect(() => {
    const fields = form.current?.elements;
    const field = fields?.namedItem(problem === '' ? 'user' : 'password');
    if (field instanceof HTMLInputElement) field.focus();
  }, [problem]);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (form.current === null || isBusy) return;
    const values = new FormData(form.current);
    void chat.signIn(String(values.get('user')).trim(), String(values.get('password')));
  };
  return (
    <form class="card sign-in" ref={form} onSubmit={submit} aria-labelledby="sign-in">
      <h2 id="sign-in">Sign in</h2>
      <p class="hint">User and password are those that the relay has printed where it was started.</p>
      <label>
        User
        <input name="user" required autocomplete="username" autocapitalize="none" spellcheck={false} />
      </label>
      <label>
        Password
        <input name="password" type="password" required autocomplete="current-password" />
      </label>
      <p class="problem" role="alert" hidden={problem === ''}>
        <Icon name="warning" />
        <span>{problem}</span>
      </p>
      <button type="submit" class="main" aria-disabled={isBusy}>
        {isBusy ? 'Signing in …' : 'Sign in'}
      </button>
    </form>
  );
}
