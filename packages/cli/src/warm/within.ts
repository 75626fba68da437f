// Lets the Worker warm pages or keys itself, through its operator route.
import type { WarmOrder } from "../../../../src/protocol/warm-order.ts";
import { failure } from "../command-error.ts";
import type { World } from "../world.ts";
import type { SiteClient } from "../site/site-client.ts";
import type { DoneBook } from "./done-book.ts";
import { keyOf, type Page } from "./page-list.ts";
import type { Tally } from "./tally.ts";

/** The limit of a list, which is short because each call sends the whole list. */
const listCountMax = 100;
/** The route accepts 256 KiB, including the text around the list. */
const listBytesMax = 240 * 1_024;

export interface WithinSettings {
  readonly client: SiteClient;
  readonly done: DoneBook;
  readonly tally: Tally;
  readonly world: World;
  /** Pages per call; `undefined` for the Worker's own limit. */
  readonly limit: number | undefined;
  readonly onSteps: (count: number) => void;
  /** Called for items that an earlier run finished. */
  readonly onNotNeeded: (count: number) => void;
}

/** @throws CommandError if the site rejects a call, or is unreachable */
export async function warmPagesWithin(
  pages: Iterable<Page>,
  settings: WithinSettings,
): Promise<void> {
  const { client } = settings;
  const left = notDone(pages, keyOf, settings);
  for (const list of listsOf(left, (page) => written(page, client.site.origin))) {
    const order = { pages: list.map(({ sent }) => sent) };
    const keys = list.map(({ item }) => keyOf(item));
    await warmed({ order, keys, names: list.map(({ item }) => item.path) }, settings);
    if (settings.world.interrupted.aborted) return;
  }
}

/** Warms keys of a namespace of data. @throws as `warmPagesWithin` */
export async function warmKeysWithin(
  namespace: string,
  keys: readonly string[],
  settings: WithinSettings,
): Promise<void> {
  const bookKey = (key: string) => `data ${namespace}\n${key}`;
  for (const list of listsOf(notDone(keys, bookKey, settings), (key) => key)) {
    const names = list.map(({ item }) => item);
    const order = { data: { [namespace]: names } };
    await warmed({ order, keys: names.map(bookKey), names }, settings);
    if (settings.world.interrupted.aborted) return;
  }
}

function* notDone<Item>(
  items: Iterable<Item>,
  bookKey: (item: Item) => string,
  { done, onNotNeeded }: WithinSettings,
): Generator<Item> {
  for (const item of items) {
    if (done.has(bookKey(item))) onNotNeeded(1);
    else yield item;
  }
}

interface QueuedItem<Item, Sent> {
  readonly item: Item;
  readonly sent: Sent;
}

/**
 * Splits items into lists that the route accepts. An oversized item gets a list of its own, which
 * the route rejects.
 */
function* listsOf<Item, Sent>(
  items: Iterable<Item>,
  sentOf: (item: Item) => Sent,
): Generator<readonly QueuedItem<Item, Sent>[]> {
  let list: QueuedItem<Item, Sent>[] = [];
  let bytes = 0;
  for (const item of items) {
    const sent = sentOf(item);
    const itsBytes = Buffer.byteLength(JSON.stringify(sent)) + 1;
    const isFull = list.length === listCountMax || bytes + itsBytes > listBytesMax;
    if (isFull && list.length > 0) {
      yield list;
      [list, bytes] = [[], 0];
    }
    list.push({ item, sent });
    bytes += itsBytes;
  }
  if (list.length > 0) yield list;
}

function written({ path, headers }: Page, origin: string): string | { url: string } {
  return headers === undefined ? path : Object.assign({ url: origin + path }, { headers });
}

interface List {
  readonly order: Pick<WarmOrder, "pages" | "data">;
  /**
   * The keys in the book of finished items, in the order of the list. `names` has the names to
   * print.
   */
  readonly keys: readonly string[];
  readonly names: readonly string[];
}

async function warmed({ order, keys, names }: List, settings: WithinSettings): Promise<void> {
  const { client, tally, done, world, limit, onSteps } = settings;
  for (let cursor = 0; !world.interrupted.aborted;) {
    const body: WarmOrder = { ...order, cursor, ...(limit !== undefined && { limit }) };
    const answer = await client.json("warm", { method: "POST", body });
    for (const [at, { result, status, why }] of answer.done.entries()) {
      const name = names[cursor + at] ?? "";
      tally.note(0, { what: name, result, status, why });
      const key = keys[cursor + at];
      if (result !== "failed" && key !== undefined) done.note(key);
    }
    onSteps(answer.done.length);
    if (answer.next === null) return;
    if (answer.next <= cursor) throw standing(cursor);
    cursor = answer.next;
  }
}

function standing(cursor: number) {
  return failure({
    what: "The warming has stopped.",
    why: `The Worker makes no progress: its answers do not advance beyond ${cursor}.`,
    hint: "Deploy a Worker of this version. Then run the same command to continue.",
  });
}
