// Searches all states of the purge protocol's specification within small bounds. No reachable state
// breaks an invariant: BOUND and FORGOT (docs/specification.md).
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scopes, settingsOf } from "../../testing/specification/scopes.ts";
import { isSpinInstalled, Verifier } from "../../testing/specification/spin.ts";

describe.runIf(isSpinInstalled)("no reachable state breaks an invariant", () => {
  let verifier: Verifier;
  beforeAll(async () => (verifier = await Verifier.compile("search")));
  afterAll(async () => verifier.remove());

  it.each(scopes)("with $adds", async (scope) => {
    const { broken, steps, statesCount } = await verifier.search(settingsOf(scope));
    expect({ broken, steps }).toEqual({ broken: undefined, steps: [] });
    // A specification that allows no step would pass, too.
    expect(statesCount).toBeGreaterThan(5_000);
  });
});
