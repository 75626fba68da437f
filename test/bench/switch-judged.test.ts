// Tests how the bench of the switch judges responses: when a colo obeyed, and which faults fail the
// bench.
import { describe, expect, it } from "vitest";
import { type Answer, faultsIn, followed, type Post } from "../../bench/switch/judged.ts";

const post = (bypass: Post["bypass"], sentAtMs: number): Post => ({
  bypass,
  colo: 0,
  sentAtMs,
  acceptedAtMs: sentAtMs + 10,
});
const answer = (startedAtMs: number, kind: Answer["kind"], route = "lists"): Answer => ({
  colo: 0,
  route,
  startedAtMs,
  kind,
});
const bound = { withinMs: 1_000, coloCount: 1 };
const posts = [post(["lists"], 0), post(false, 5_000)];

/** Returns the rows of both posts, and their faults. */
function judged(answers: readonly Answer[]) {
  const rows = followed(posts, answers, bound);
  return { rows, faults: faultsIn(rows, answers.filter(({ kind }) => kind === "failed").length) };
}

const obedient = [
  answer(20, "hit"),
  answer(900, "bypassed"),
  answer(4_000, "bypassed"),
  answer(4_000, "forwarded", "others"),
  answer(4_000, "forwarded", "others"),
  answer(4_000, "hit", "others"),
  answer(5_005, "bypassed"),
  answer(5_500, "bypassed"),
  answer(6_500, "hit"),
];

describe("the responses by which a post of the switch is judged", () => {
  it("are the responses between its 200 and the next post", () => {
    const { rows, faults } = judged([...obedient, answer(5, "hit")]);
    expect(rows).toMatchObject([
      { answerCount: 6, obeyedAfterMs: 10, lateCount: 0, hitShare: 1 / 3 },
      { answerCount: 2, obeyedAfterMs: 490, lateCount: 0, hitShare: 1 },
    ]);
    expect(faults).toEqual(["1 times hits did not return after N"]);
  });

  it.each([
    { what: "a hit on a bypassed route", late: answer(1_011, "hit") },
    { what: "a miss on a bypassed route", late: answer(1_011, "forwarded") },
    { what: "a bypass on another route", late: answer(1_011, "bypassed", "others") },
    { what: "a bypass after the switch is off", late: answer(6_011, "bypassed") },
  ])("are late after N: $what", ({ late }) => {
    expect(judged([...obedient, late]).faults).toContain("1 responses did not obey after N");
    const inTime = { ...late, startedAtMs: late.startedAtMs - 1 };
    expect(judged([...obedient, inTime]).faults.join()).not.toContain("obey");
  });

  it("fail the bench if one is an error, or if there are none", () => {
    expect(judged([...obedient, answer(4_990, "failed")]).faults).toContain(
      "1 requests failed or got no response",
    );
    expect(judged(obedient.slice(0, 7)).faults).toContain(
      "a colo got no request between two posts",
    );
    expect(faultsIn([], 0)).toEqual(["a colo got no request between two posts"]);
  });
});
