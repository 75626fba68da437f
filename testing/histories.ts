// Selects the share of random histories that a suite runs: a twelfth in `npm test`, all with
// TIDEMARK_ALL_HISTORIES=1.

export const playsAll = process.env["TIDEMARK_ALL_HISTORIES"] === "1";

export const shareOf = (count: number): number => (playsAll ? count : Math.ceil(count / 12));
