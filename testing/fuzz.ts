// Checks a property for random inputs. By default, the inputs are the same in each run. For a search with new ones:
//   TIDEMARK_FUZZ_SECONDS=600 npx vitest run test/fuzz packages/cli/test/fuzz.test.ts
// A failure prints the shortest input. Keep it in `kept`.
import * as fc from "fast-check";

const seconds = Number(process.env["TIDEMARK_FUZZ_SECONDS"] ?? 0);

export async function fuzz<Input>(
  inputs: fc.Arbitrary<Input>,
  holds: (input: Input) => Promise<void>,
  { runs, kept = [] }: { readonly runs: number; readonly kept?: readonly Input[] },
): Promise<void> {
  const examples = kept.map((input): [Input] => [input]);
  const search =
    seconds > 0
      ? { numRuns: 1e9, interruptAfterTimeLimit: seconds * 1_000, seed: Date.now() }
      : { numRuns: runs, seed: 1 };
  await fc.assert(fc.asyncProperty(inputs, holds), { ...search, examples });
}

/** Words that routes, URLs, durations and patterns have. */
export const words = fc.constantFrom(
  ..."a * / // news https://www.example.com/a %zz é : 30s -1 1e9 any".split(" "),
);

/** Replaces some values, also nested ones, by random JSON. */
export const changed = (value: unknown): fc.Arbitrary<unknown> => {
  const inner: fc.Arbitrary<unknown> = Array.isArray(value)
    ? fc.tuple(...value.map(changed))
    : typeof value === "object" && value !== null
      ? fc.record(
          Object.fromEntries(Object.entries(value).map(([name, of]) => [name, changed(of)])),
        )
      : fc.constant(value);
  return fc.oneof(
    { weight: 50, arbitrary: inner },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
    { weight: 1, arbitrary: fc.oneof(words, fc.array(words, { maxLength: 3 })) },
  );
};
