// Starts a colo whose Worker runs under limits of the platform. A run of the tests selects them by
// the variable TIDEMARK_PLATFORM.
import { bundledText } from "../../bundled-text.ts";
import { type Colo, type ColoSettings, type Replacement, startColo } from "../../../local/colo.ts";
import { limitsOf, type PlatformLimits } from "./limits.ts";

/** The limits of this run, by TIDEMARK_PLATFORM. None by default. */
export const limitsOfRun = limitsOf(process.env["TIDEMARK_PLATFORM"] ?? "");

/**
 * @param limits replaces the limits of this run
 * @throws as `startColo`
 */
export async function startLimitedColo(
  settings: ColoSettings,
  limits: PlatformLimits = limitsOfRun,
): Promise<Colo> {
  const { heapMebibytesMax, ...inLayer } = limits;
  if (heapMebibytesMax !== undefined) return withHeap(heapMebibytesMax, settings, inLayer);
  if (Object.keys(inLayer).length === 0) return startColo(settings);
  const layer = await layerOf(inLayer);
  const classes = Object.values(settings.shared?.objects ?? {});
  const limited = <Given extends Replacement>(given: Given): Given => ({
    ...given,
    worker: mainModule(classes),
    modules: { "platform-limits.js": layer, "limited.js": given.worker },
  });
  const colo = await startColo(limited(settings));
  return { ...colo, replaceWorker: (replacement) => colo.replaceWorker(limited(replacement)) };
}

/** Starts the colo with a flag of V8, which Miniflare reads from a variable. */
async function withHeap(
  mebibytesMax: number,
  settings: ColoSettings,
  limits: PlatformLimits,
): Promise<Colo> {
  process.env[v8Flags] = `--max-heap-size=${mebibytesMax}`;
  try {
    return await startLimitedColo(settings, limits);
  } finally {
    Reflect.deleteProperty(process.env, v8Flags);
  }
}

const v8Flags = "MINIFLARE_WORKERD_V8_FLAGS";

function layerOf(limits: PlatformLimits): Promise<string> {
  const contents = `
    import { impose } from "./testing/worker/platform-limits/layer.ts";
    export const { asClass, asMain } = impose(${JSON.stringify(limits)});
  `;
  return bundledText(contents, { external: ["cloudflare:workers", "node:async_hooks"] });
}

/** The layer comes first, so that it is imposed when the Worker's module is evaluated. */
const mainModule = (classes: readonly string[]): string => `
  import { asClass, asMain } from "./platform-limits.js";
  import * as worker from "./limited.js";
  export * from "./limited.js";
  ${classes.map((name) => `export const ${name} = asClass(worker.${name});`).join("\n  ")}
  export default asMain(worker.default);
`;
