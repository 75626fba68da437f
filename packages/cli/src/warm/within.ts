// Lets the Worker itself request the pages, through its operator route.
import type { WarmOrder } from "../../../../src/protocol/warm-order.ts";
import { failure } from "../command-error.ts";
import type { SiteClient } from "../site/site-client.ts";
import type { Page } from "./page-list.ts";
import type { RunSettings } from "./warm-run.ts";

/** Each call sends the whole list. With the longest paths, this many pages fit into its 256 KiB. */
const listCountMax = 24;

type WithinSettings = Pick<RunSettings, "pages" | "world" | "onOutcome"> & {
  readonly client: SiteClient;
};

/**
 * Warms all pages. Resolves early on interruption.
 *
 * @throws CommandError if the site rejects a call, or is unreachable
 */
export async function warmWithin(settings: WithinSettings): Promise<void> {
  let list: Page[] = [];
  for (const page of settings.pages) {
    list.push(page);
    if (list.length < listCountMax) continue;
    await warmList(list, settings);
    list = [];
  }
  if (list.length > 0) await warmList(list, settings);
}

async function warmList(
  list: readonly Page[],
  { client, world, onOutcome }: WithinSettings,
): Promise<void> {
  const { origin } = client.site;
  const pages = list.map(({ path, headers }) =>
    headers === undefined ? path : { url: origin + path, headers },
  );
  for (let cursor = 0; !world.interrupted.aborted;) {
    const body: WarmOrder = { pages, cursor };
    const { done, next } = await client.json("warm", { method: "POST", body });
    for (const [at, outcome] of done.entries()) {
      const page = list[cursor + at];
      if (page !== undefined) onOutcome(page, outcome);
    }
    if (next === null) return;
    if (next <= cursor) throw standing(cursor);
    cursor = next;
  }
}

function standing(cursor: number) {
  return failure({
    what: "The warming has stopped.",
    why: `The Worker makes no progress: its answers do not advance beyond ${cursor}.`,
    hint: "Deploy a Worker of this version. Then run the same command again.",
  });
}
