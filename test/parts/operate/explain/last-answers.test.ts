// Tests the notes about the origin's last answer for each URL, which explain reads.
import { expect, it } from "vitest";
import { Decision } from "../../../../src/observe/decision.ts";
import { LastAnswers } from "../../../../src/parts/operate/explain/last-answers.ts";
import type { LookupRequest } from "../../../../src/pages/request/plan.ts";
import { exchangeWith, placeOf } from "../../../../testing/examples/requests.ts";
import { metadataOf } from "../../../../testing/examples/records.ts";

const bytes = new Uint8Array(3);
const url = (nth: number) => `https://a.example/${nth}`;

function noted(count: number, changes: Partial<ReturnType<typeof metadataOf>>): LastAnswers {
  const lastAnswers = new LastAnswers();
  for (let nth = 0; nth < count; nth += 1) {
    const decision = new Decision({ route: "all" });
    const request = { method: "GET", url: url(nth), route: { name: "all" } } as LookupRequest;
    const metadata = { ...metadataOf(bytes), ...changes };
    lastAnswers.answered(metadata, placeOf(request, exchangeWith({}, { decision })));
  }
  return lastAnswers;
}

it("contains no data of the client that sent the request", () => {
  const last = noted(1, { selecting: [["accept-language", "de"]] });
  const kept = JSON.stringify(last.answerOf(url(0)));
  expect(kept).not.toMatch(/accept-language/);
});

it("keeps fewer notes if an origin sends long status texts, because their memory is limited", () => {
  const sizeWith = (statusText: string) => noted(200, { statusText }).count;
  expect(sizeWith("OK")).toBe(200);
  expect(sizeWith("x".repeat(8_000))).toBeLessThan(40);
});
