/** What the relay says about itself to the page that it serves. */

/** How the page reaches it. */
export interface PageSettings {
  /** Its URI for AUTH. */
  readonly relay: string;
  /** Whether users find each other by name. */
  readonly rendezvous: boolean;
}

/** Asks for them. @throws an error with the code of a relay that cannot be reached. */
export async function loadSettings(): Promise<PageSettings> {
  try {
    const response = await fetch('/settings.json');
    return await response.json();
  } catch (cause) {
    throw Object.assign(new Error('the relay cannot be reached', { cause }), { code: 'MSRP_DIAL_FAILED' });
  }
}
