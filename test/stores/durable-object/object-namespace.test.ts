// Tests the place of Durable Objects: regions, jurisdictions, and the local runtime, which has neither.
import { describe, expect, expectTypeOf, it } from "vitest";
import type { TidemarkJournal, TidemarkRecords } from "../../../src/cloudflare.ts";
import { jurisdictions, locationHints } from "../../../src/protocol/object-placement.ts";
import {
  type ObjectNamespace,
  placedObjects,
} from "../../../src/stores/durable-object/object-namespace.ts";

/** A namespace that records the place of each stub. */
function recording(jurisdiction?: ObjectNamespace["jurisdiction"]) {
  const places: unknown[] = [];
  const inside = (area: string): ObjectNamespace => ({
    idFromName: (name) => ({ name: `${area} ${name}` }),
    get: (id, options) => {
      places.push([id, options]);
      return { fetch: () => Promise.reject(new Error("not called")) };
    },
    jurisdiction: jurisdiction ?? inside,
  });
  return { places, namespace: inside("anywhere") };
}

function placed(place: object, namespace: unknown) {
  const given = { binding: "RECORDS", className: "TidemarkRecords", ...place };
  const objects = placedObjects({ RECORDS: namespace }, given);
  if ("idFromName" in objects) objects.get(objects.idFromName("a"));
  return objects;
}

const localRuntime = () => {
  throw new Error("Jurisdiction restrictions are not implemented in workerd.");
};
const refusing = () => {
  throw new Error("no access");
};

describe("an object", () => {
  it.each<readonly [object, unknown]>([
    [{}, [{ name: "anywhere a" }, {}]],
    ...Object.keys(locationHints).map((locationHint): [object, unknown] => [
      { locationHint },
      [{ name: "anywhere a" }, { locationHint }],
    ]),
    ...Object.keys(jurisdictions).map((jurisdiction): [object, unknown] => [
      { jurisdiction },
      [{ name: `${jurisdiction} a` }, {}],
    ]),
    [{ jurisdiction: "eu", locationHint: "eeur" }, [{ name: "eu a" }, { locationHint: "eeur" }]],
  ])("is created in its place: %j", (place, seen) => {
    const { places, namespace } = recording();
    placed(place, namespace);
    expect(places).toEqual([seen]);
  });

  it("of any jurisdiction works in the local runtime, which refuses all", () => {
    const { places, namespace } = recording(localRuntime);
    placed({ jurisdiction: "eu" }, namespace);
    expect(places).toEqual([[{ name: "anywhere a" }, {}]]);
  });

  it.each([
    [
      { locationHint: "westeurope" },
      undefined,
      'locationHint is "westeurope"',
      "weur, eeur, apac,",
    ],
    [{ jurisdiction: "de" }, undefined, 'jurisdiction is "de"', "eu, us, fedramp, fedramp-high."],
    [{ jurisdiction: "fedramp-high" }, refusing, 'refuses the jurisdiction "fedramp-high"', "ask"],
  ])("has no place, and a reason and a hint: %j", (place, jurisdiction, why, hint) => {
    const { places, namespace } = recording(jurisdiction);
    expect(placed(place, namespace)).toEqual({
      why: expect.stringContaining(why),
      hint: expect.stringContaining(hint),
    });
    expect(places).toEqual([]);
  });
});

it("gives its classes the type that `DurableObjectNamespace` of `wrangler types` demands", () => {
  interface DurableObjectBranded {
    ["__DURABLE_OBJECT_BRAND"]: never;
  }
  expectTypeOf<TidemarkJournal>().toExtend<DurableObjectBranded>();
  expectTypeOf<TidemarkRecords>().toExtend<DurableObjectBranded>();
});
