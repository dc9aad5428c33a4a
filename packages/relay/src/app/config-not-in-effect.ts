/** What may stand in a configuration, because the contract has it, but changes nothing in this version. */

/** The keys that are not in effect. Another value than the default is an error; the manual marks them. */
export const notInEffect: readonly (readonly [section: string, ...key: string[]])[] = [['workers']];
