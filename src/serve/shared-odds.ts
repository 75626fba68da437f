// How likely it is that another colo has what this one has never had: where hardly ever, a miss need
// not wait for the shared tier's word before it goes to the origin.

/** After so many look-ups in a row that brought nothing, */
const fruitlessMin = 64;
/** only every eighth is made, until one brings something. */
const askedOneIn = 8;

/**
 * By route. What is passed over may be there all the same: at most for 1.5 % of the look-ups, where
 * the shared tier has 3 % of them; for 0.3 % where it has 8 %, and for next to none from there on.
 */
export class SharedOdds {
  readonly #fruitless = new Map<string, number>();

  /** To be asked once for a look-up that may be spared. */
  isWorthAsking(route: string): boolean {
    const fruitless = this.#fruitless.get(route) ?? 0;
    if (fruitless < fruitlessMin) return true;
    this.#fruitless.set(route, fruitless + 1);
    return (fruitless - fruitlessMin) % askedOneIn === askedOneIn - 1;
  }

  brought(route: string, what: "nothing" | "something"): void {
    if (what === "something") {
      this.#fruitless.delete(route);
      return;
    }
    const fruitless = this.#fruitless.get(route) ?? 0;
    if (fruitless < fruitlessMin) this.#fruitless.set(route, fruitless + 1);
  }
}
