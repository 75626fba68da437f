// Records as they were written before metadata named groups: they are read, and what is written today
// differs from them in nothing else. So either version may follow the other over the same tiers.
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { bodyIn } from "../../../src/stores/redis/body-text.ts";
import { decodeRecord } from "../../../src/cache/tiers/record-codec.ts";
import { recordIn, recordText } from "../../../src/stores/redis/record-text.ts";
import { responseForm } from "../../../src/proxy/stored/record-form.ts";
import { digestOf } from "../../../testing/examples/records.ts";
import { type Lying, played } from "./record-scenes.ts";

const golden = JSON.parse(
  readFileSync(new URL("golden-records.json", import.meta.url), "utf8"),
) as Lying[];
const nameOf = ({ scene, tier }: Lying) => `${scene}, ${tier}`;

/** Written since, and passed over by the version before: it reads groups out of their fields. */
const groupsOf: Readonly<Record<string, string[]>> = {
  "tags and groups": ["one", "zwei", "one"],
  "tags and groups of fields that may not be stored": ["one"],
  "groups that a 304 does not name": ["one"],
  "groups that a 304 names anew": ["two"],
};

it("there is a record of each scene, and most lie in both tiers", () => {
  expect([...new Set(golden.map(({ scene }) => scene))]).toHaveLength(9);
  expect(golden.filter(({ tier }) => tier === "shared").length).toBeGreaterThan(6);
});

it.each(golden.map((one) => [nameOf(one), one] as const))("is read: %s", (_, { head, scene }) => {
  const { keepUntilAtMs, record } = JSON.parse(head) as ReturnType<typeof responseForm.check> & {};
  const groups = record.kind === "response" ? groupsOf[scene] : undefined;
  const expected =
    record.kind === "response"
      ? { ...record, metadata: { ...record.metadata, ...(groups && { groups }) } }
      : record;
  expect(decodeRecord(head, responseForm)).toEqual({ keepUntilAtMs, record: expected });
});

it.each(
  golden.flatMap((one) =>
    typeof one.body === "string" && one.body !== "" ? [[nameOf(one), one, one.body] as const] : [],
  ),
)("is read with its body: %s", async (_, { head }, body) => {
  const held = recordIn(recordText(head, body), responseForm);
  if (held?.record.kind !== "response") throw new Error("A response did not come back.");
  const { metadata } = held.record;
  const bytes = await bodyIn(held.bodyText, metadata, 1_048_576);
  expect(bytes && digestOf(bytes)).toBe(metadata.bodyDigest);
});

describe("what is written today", () => {
  let today: Lying[] = [];
  beforeAll(async () => {
    today = await played();
  });

  it("is as many records, in the same order", () => {
    expect(today.map(nameOf)).toEqual(golden.map(nameOf));
  });

  it.each(golden.map((one, at) => [nameOf(one), at] as const))("says the same: %s", (_, at) => {
    const [now, before] = [today[at], golden[at]];
    if (now === undefined || before === undefined) throw new Error("A record is missing.");
    const groups = groupsOf[now.scene];
    const told = groups === undefined ? "" : `"groups":${JSON.stringify(groups)}`;
    expect(now.head).toContain(told);
    expect(comparable(now)).toEqual(comparable(before));
  });
});

/** Optional members of later versions: groups of a response, and what a marker says of its variants. */
const writtenSince: ReadonlySet<string> = new Set(["groups", "digests", "listedSinceAtMs"]);

/** What a version without these members reads: the order of members says nothing, and packing is the runtime's own. */
function comparable({ head, body, ...rest }: Lying) {
  const isPacked = typeof body === "string" && body.startsWith("g");
  const said: unknown = JSON.parse(head, (name, value: unknown) =>
    writtenSince.has(name) ? undefined : value,
  );
  return { ...rest, said, body: isPacked ? "packed" : body };
}
