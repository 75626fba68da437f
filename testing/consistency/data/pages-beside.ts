// Opens the pages of a Worker beside its data cache, so that its handler may need the cache.
import { createApp, type ExecutionContext, type InCode } from "../../../src/app.ts";
import { knownData } from "../../../src/compose/data-beside-pages.ts";
import type { Config } from "../../../src/config/config.ts";
import type { DataCache } from "../../../src/data/create-data-cache.ts";
import type { HostPlatform } from "../../../src/platform/platform.ts";
import type { OpenPages } from "./application.ts";
import type { Env } from "../../../src/protocol/variables/bindings.ts";

interface Given {
  readonly config: Config;
  readonly env: Env;
  readonly platform: HostPlatform;
  readonly background: ExecutionContext;
  readonly inCode: InCode;
}

/** Returns a function that sets the handler of the pages, and returns how they answer. */
export function pagesBeside(
  data: DataCache,
  { config, env, platform, background, inCode }: Given,
): OpenPages {
  let handle: Parameters<OpenPages>[0] | undefined;
  const origins = {
    default: (request: Request) => handle?.(request) ?? new Response(null, { status: 503 }),
  };
  const app = createApp(config, env, platform, { ...inCode, data: knownData(data), origins });
  return (handler) => {
    handle = handler;
    return async (request) => app.fetch(request, env, background);
  };
}
