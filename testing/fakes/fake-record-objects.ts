// A binding of a class of Durable Objects with any number of objects of records in this process.
import type { TierSettings } from "../../src/cache/tiers/tier-in-code.ts";
import { responseForm } from "../../src/pages/stored/response-form.ts";
import type { ResponseDetail } from "../../src/pages/stored/stored-response.ts";
import { durableObjectRecords } from "../../src/stores/durable-object/durable-object-records.ts";
import type { ObjectTier } from "../../src/stores/durable-object/object-tier.ts";
import { TidemarkRecords } from "../../src/stores/durable-object/tidemark-records.ts";
import { FakeObject } from "./fake-object.ts";

/** Opens a tier of responses over a binding, by default over its only object. */
export function openRecordsTier(
  namespace: object,
  {
    objects = 1,
    ...settings
  }: Partial<TierSettings<ResponseDetail>> & { readonly objects?: number } = {},
): ObjectTier<ResponseDetail> {
  const bound = durableObjectRecords({ objects }).bound({ RECORDS: namespace });
  if (typeof bound !== "function") throw new Error(bound.why);
  const tier = bound<ResponseDetail>({
    namespace: "site",
    nowAtMs: Date.now,
    onBadRecord: () => undefined,
    log: () => undefined,
    ...settings,
    form: responseForm,
  });
  return tier as ObjectTier<ResponseDetail>;
}

export class FakeRecordObjects {
  readonly #made = new Map<string, FakeObject<TidemarkRecords>>();

  /** The objects that calls have created, in the order of their first calls. */
  get all(): readonly FakeObject<TidemarkRecords>[] {
    return [...this.#made.values()];
  }

  readonly namespace = {
    idFromName: (name: string) => ({ toString: () => name }),
    get: (id: { toString(): string }) => {
      const name = id.toString();
      const known = this.#made.get(name) ?? new FakeObject((state) => new TidemarkRecords(state));
      this.#made.set(name, known);
      return known.stub;
    },
  };
}
