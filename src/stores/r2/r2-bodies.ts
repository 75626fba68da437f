// Bodies in R2.
import type { BodiesInCode, MakeTier } from "../../cache/tiers/tier-in-code.ts";
import type { Log } from "../../observe/log-line.ts";
import { formWithApart } from "./apart-form.ts";
import { BoundedBucket, type R2Bucket } from "./bucket.ts";
import { LargeBodies } from "./large-bodies.ts";

/** A bucket of R2, named by its binding in wrangler.toml. */
export interface R2Bodies {
  readonly binding: string;
}

/**
 * Stores the bodies that are too large for the shared tier in R2. The shared tier, in Redis or Durable
 * Objects, still has their records.
 *
 * @example createWorker(config, { stores: { ...upstash(), bodies: r2Bodies({ binding: "BODIES" }) } })
 */
export function r2Bodies({ binding }: R2Bodies): BodiesInCode {
  return {
    bound(env) {
      const bucket = env[binding];
      if (!isBucket(bucket)) {
        return {
          what: "R2 is off.",
          why: `${binding} is not bound to an R2 bucket.`,
          hint: `Name ${binding} under [[r2_buckets]] in wrangler.toml.`,
        };
      }
      return (make: MakeTier): MakeTier =>
        (settings) => {
          const tell: Log = (line) => settings.log({ ...line, part: "shared-tier" });
          const tier = make({ ...settings, form: formWithApart(settings.form) });
          return new LargeBodies({
            ...settings,
            tier,
            bucket: new BoundedBucket({ ...settings, bucket, tell }),
          });
        };
    },
  };
}

/** Excludes service bindings, which appear to have every method. */
function isBucket(binding: unknown): binding is R2Bucket {
  if (typeof binding !== "object" || binding === null || "fetch" in binding) return false;
  return "createMultipartUpload" in binding && "put" in binding;
}
