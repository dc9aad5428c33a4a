/** The drawings of the page. They say nothing that is not there in words, too. */

const PATHS = {
  logo: 'M4 8.500h12m0 0-4-4m4 4-4 4M20 15.500H8m0 0 4-4m-4 4 4 4',
  clock: 'M12 7v5l3 2M12 3.500a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17',
  tick: 'm5 12.5 4.5 4.500L19 7',
  ticks: 'm2 12.5 4.5 4.500L15 8M11.5 16l1 1L22 8',
  warning: 'M12 8.500v4.500m0 3.200v.1M12 3.5 2.5 20h19z',
  cross: 'M6 6l12 12M18 6 6 18',
  file: 'M13.5 3H6.500v18h11V7zM13 3v4.500h4.5',
  clip: 'm20 11.5-8 8a5 5 0 0 1-7-7l8.5-8.500a3.4 3.4 0 0 1 4.8 4.800L9.8 17.200a1.7 1.7 0 0 1-2.4-2.400l7.6-7.6',
  send: 'M12 19.500v-15m0 0-6 6m6-6 6 6',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  save: 'M12 4v11m0 0-4.5-4.500M12 15l4.5-4.500M4.5 20h15',
  chat: 'M4 5h16v11.500h-8L7 20.500v-4H4z',
} as const;

/** Which there are. */
export type IconName = keyof typeof PATHS;

/** One of them, in the colour of the text around it. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
