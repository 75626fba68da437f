// Has the Worker warm from within, by its operator's route: some pages or keys a call.
import type { WarmOrder, WarmTold } from "../../../../src/admin/protocol.ts";
import type { World } from "../world.ts";
import type { SiteClient } from "../site/site-client.ts";
import type { DoneBook } from "./done-book.ts";
import { keyOf, type Page } from "./page-list.ts";
import type { Tally } from "./tally.ts";

/** A list is sent with each of its calls, so it is kept short. */
const listCountMax = 100;

export interface WithinSettings {
  readonly client: SiteClient;
  readonly done: DoneBook;
  readonly tally: Tally;
  readonly world: World;
  /** Pages a call; the Worker's own limit where it is `undefined`. */
  readonly limit: number | undefined;
  readonly onSteps: (count: number) => void;
}

/** @throws CommandError for what the site refuses, and where it cannot be reached */
export async function warmPagesWithin(
  pages: Iterable<Page>,
  settings: WithinSettings,
): Promise<void> {
  const { done, onSteps, client, world } = settings;
  let list: Page[] = [];
  const send = async () => {
    const told = list.splice(0);
    const order = { pages: told.map((page) => written(page, client.site.origin)) };
    const keys = told.map(keyOf);
    await warmed({ order, keys, names: told.map(({ path }) => path) }, settings);
  };
  for (const page of pages) {
    if (world.interrupted.aborted) return;
    if (done.has(keyOf(page))) onSteps(1);
    else list.push(page);
    if (list.length === listCountMax) await send();
  }
  if (list.length > 0) await send();
}

/** As `warmPagesWithin`, of the keys of a namespace of data. */
export async function warmKeysWithin(
  namespace: string,
  keys: readonly string[],
  settings: WithinSettings,
): Promise<void> {
  const { done, onSteps, world } = settings;
  const bookKey = (key: string) => `data ${namespace}\n${key}`;
  const left = keys.filter((key) => !done.has(bookKey(key)));
  onSteps(keys.length - left.length);
  for (let at = 0; at < left.length && !world.interrupted.aborted; at += listCountMax) {
    const list = left.slice(at, at + listCountMax);
    const order = { data: { [namespace]: list } };
    await warmed({ order, keys: list.map(bookKey), names: list }, settings);
  }
}

function written({ path, headers }: Page, origin: string): string | { url: string } {
  return headers === undefined ? path : Object.assign({ url: origin + path }, { headers });
}

interface List {
  readonly order: Pick<WarmOrder, "pages" | "data">;
  /** In the order of the list: what the book calls each, and what people do. */
  readonly keys: readonly string[];
  readonly names: readonly string[];
}

async function warmed({ order, keys, names }: List, settings: WithinSettings): Promise<void> {
  const { client, tally, done, world, limit, onSteps } = settings;
  for (let cursor = 0; !world.interrupted.aborted;) {
    const body: WarmOrder = { ...order, cursor, ...(limit !== undefined && { limit }) };
    const told = await client.json<WarmTold>("warm", { method: "POST", body });
    for (const [at, { result, status, why }] of told.done.entries()) {
      const name = names[cursor + at] ?? "";
      tally.note(0, { what: name, result, status, why });
      const key = keys[cursor + at];
      if (result !== "failed" && key !== undefined) done.note(key);
    }
    onSteps(told.done.length);
    if (told.next === null || told.next <= cursor) return;
    cursor = told.next;
  }
}
