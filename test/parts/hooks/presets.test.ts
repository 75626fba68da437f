// Tests which targets the default mapping of each preset purges.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeEntry } from "../../../src/purge/journal/entry.ts";
import { namedTargets } from "../../../src/purge/journal/purge-target.ts";
import * as senders from "../../../src/parts/hooks/hooks.ts";
import { changed, fuzz } from "../../../testing/fuzz.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { openSite } from "../../../testing/site/harness.ts";
import { deliver, hookSecret, signedBy, type Vendor } from "./webhook-vendors.ts";
import { cmsRows } from "./cms-rows.ts";
import { type Row, rows as rowsOfSystems } from "./preset-rows.ts";
import { shopRows } from "./shop-rows.ts";

const rows = [...rowsOfSystems, ...cmsRows, ...shopRows];

async function purgedBy(vendor: Vendor, { topic, fields, payload }: Omit<Row, "id" | "expected">) {
  const clock = new FakeClock();
  const upstash = new UnsteadyUpstash(clock);
  const env = { HOOK_SECRET_SHOP: hookSecret };
  const parts = [senders.hooks({ shop: vendor.sender({}) })];
  const site = openSite({ clock, upstash, env, config: { parts } });
  const body = JSON.stringify(payload);
  const signed = signedBy(vendor, site, { body, ...(topic === undefined ? {} : { topic }) });
  const { status, text } = await deliver(site, body, { ...signed, ...fields });
  if (status === 500) return text.includes("The payload has no ") ? "failed" : `threw: ${text}`;
  if (text === '{"ignored":true}') return "ignored";
  expect(status).toBe(200);
  const [[id, fieldsOfEntry] = ["", []]] = upstash.journal.range(["-", "+"]);
  const { targets } = decodeEntry(id, fieldsOfEntry);
  const { tags, urls, prefixes, everything } = namedTargets(targets);
  return {
    ...(tags.length > 0 ? { tags } : {}),
    ...(urls.length > 0 ? { urls } : {}),
    ...(prefixes.length > 0 ? { prefixes } : {}),
    ...(everything ? { everything } : {}),
  };
}

describe.each(rows.map(([vendor, of]) => ({ vendor, of })))(
  "the default mapping of $vendor.vendor",
  ({ vendor, of }) => {
    it.each(of)("handles $id", async (row) => {
      expect(await purgedBy(vendor, row)).toEqual(row.expected);
    });

    it.each([null, [], "text", 7, { sys: 7, data: [], entry: "x", notifications: 7 }])(
      "does not throw an unexpected error for %j",
      async (payload) => {
        const seen = await purgedBy(vendor, { payload: payload as object });
        expect(JSON.stringify(seen)).not.toContain("threw");
      },
    );

    it("does not throw an unexpected error for a changed payload", async () => {
      const changes = fc.oneof(
        ...of.map(({ payload, ...row }) =>
          fc.record({
            row: fc.constant(row),
            payload: changed(payload),
          }),
        ),
      );
      await fuzz(
        changes,
        async ({ row, payload }) => {
          const seen = await purgedBy(vendor, { ...row, payload: payload as object });
          expect(JSON.stringify(seen)).not.toContain("threw");
        },
        { runs: 30 },
      );
    });

    it("gives way to the mapping of the configuration", async () => {
      const own = {
        ...vendor,
        sender: () => vendor.sender({ mapping: () => ({ tags: ["own"] }) }),
      };
      expect(await purgedBy(own, { payload: {} })).toEqual({ tags: ["own"] });
    });
  },
);

it("the rows cover each preset that reads a signature or a token", () => {
  const others = "hmacSender tokenSender webhookSender hooks varnish OperatorError".split(" ");
  const presets = Object.keys(senders).filter((name) => !others.includes(name));
  const tested = rows.map(([{ vendor }]) => vendor);
  expect([...tested, "prismic"].toSorted()).toEqual(presets.toSorted());
});
