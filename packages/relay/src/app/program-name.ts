/** How the program is called from where it runs: for lines that people copy. */

/** The sources are run by npm, from the root of the workspace; an installed program by its own name. */
export const PROGRAM_NAME = import.meta.filename.endsWith('.ts') ? 'npm run -s cli --' : 'msrp-relay';
