// The shared tier and the locks in Durable Objects.
import type { MakeTier, TierInCode, TierSettings } from "../../cache/tiers/tier-in-code.ts";
import type { ObjectPlacement } from "../../protocol/object-placement.ts";
import { NameSecret } from "../../cache/record/record-key.ts";
import { Spread } from "../spread.ts";
import { placedObjects } from "./object-namespace.ts";
import { ObjectTier } from "./object-tier.ts";
import { RecordsClient } from "./records-client.ts";

/** A class of Durable Objects, named by its binding in wrangler.toml. */
export interface DurableObjectRecords extends ObjectPlacement {
  /** Default: `RECORDS`. */
  readonly binding?: string;
  /**
   * The number of objects, from 1 to 64, each of which has a share of the keys. A change moves the
   * share of the added or removed objects. Default: 8.
   */
  readonly objects?: number;
}

const objectsMax = 64;

/**
 * Stores responses and locks in Durable Objects with SQLite, in place of Redis. The Worker must
 * export the class `TidemarkRecords`.
 */
export function durableObjectRecords({
  binding = "RECORDS",
  objects: count = 8,
  ...place
}: DurableObjectRecords = {}): TierInCode {
  return {
    bound(env) {
      const objects = placedObjects(env, { binding, className: "TidemarkRecords", ...place });
      if ("why" in objects) return { what, ...objects };
      if (!Number.isInteger(count) || count < 1 || count > objectsMax) {
        const why = `durableObjectRecords has objects: ${JSON.stringify(count)}.`;
        return { what, why, hint: `Write a whole number from 1 to ${objectsMax}.` };
      }
      const stubOf = (namespace: string, nth: number) => {
        const id = objects.idFromName(`${namespace} ${nth}`);
        return [`object ${nth}`, () => objects.get(id)] as const;
      };
      const clientOf = ({
        namespace,
        ...settings
      }: Pick<
        TierSettings<unknown>,
        "namespace" | "nowAtMs" | "log" | "metrics" | "objectBytes"
      >) => {
        const others = Array.from({ length: count - 1 }, (_, at) => stubOf(namespace, at + 1));
        // No client can compute the ID of an object, and no object has this one.
        const known = objects.idFromName(`${namespace} secret`).toString();
        const secret = new NameSecret(namespace, known);
        const spread = new Spread([stubOf(namespace, 0), ...others], secret);
        return new RecordsClient({ ...settings, spread });
      };
      let client: RecordsClient | undefined;
      const make: MakeTier = (settings) => {
        client ??= clientOf(settings);
        return new ObjectTier({ ...settings, client, randomText: () => crypto.randomUUID() });
      };
      return make;
    },
  };
}

const what = "The shared tier is off.";
