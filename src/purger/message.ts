// A purge ready to be sent: an id and a body, both of which stay the same over all tries.
import type { PurgeOrder as AnyPurgeOrder } from "../protocol/purge-order.ts";
import { PurgeError } from "./purge-error.ts";

/** What is to be purged; at least one field has to name something. A dry run is a call of its own. */
export type PurgeOrder = Omit<AnyPurgeOrder, "dryRun">;

export interface PurgeMessage {
  readonly id: string;
  /** JSON; sent byte for byte, since the signature is made of it. */
  readonly body: string;
}

/** A message in the table of an outbox. */
export interface OutboxEntry extends PurgeMessage {
  /** How often `failed` was called for it. */
  readonly failedTries: number;
}

const bodyBytesMax = 65_536;

/**
 * Needs no `await`, so that it can be called inside a synchronous transaction.
 *
 * @throws PurgeError for an order that names nothing, is too large or asks for a dry run: better now, where the code
 * that made it can be mended, than when the change it belongs to is long committed
 */
export function messageOf(order: PurgeOrder): PurgeMessage {
  if ("dryRun" in order && order.dryRun === true) {
    throw new PurgeError(dryRunSaid("Its order asks for a dry run, which purges nothing."));
  }
  return newMessage(order);
}

/** The same for a dry run: what is made here purges nothing. */
export function dryRunMessageOf(order: PurgeOrder): PurgeMessage {
  return newMessage({ ...order, dryRun: true });
}

export const dryRunSaid = (why: string) => ({
  code: "dry-run",
  what: "Nothing was purged.",
  why,
  mend: "Call dryRun(order) of the purger for that, and leave dryRun out of orders.",
});

function newMessage(order: PurgeOrder & { readonly dryRun?: true }): PurgeMessage {
  const { tags = [], urls = [], prefixes = [], hosts = [], routes = [] } = order;
  const namedCount = [tags, urls, prefixes, hosts, routes].flat().length;
  if (namedCount === 0 && order.everything !== true) {
    throw new PurgeError({
      code: "names-nothing",
      what: "The purge was not made.",
      why: "Its order names nothing.",
      mend: 'Name something, such as { tags: ["article:1"] }.',
    });
  }
  const body = JSON.stringify(order);
  const bodyBytes = new TextEncoder().encode(body).byteLength;
  if (bodyBytes > bodyBytesMax) {
    throw new PurgeError({
      code: "too-large",
      what: "The purge was not made.",
      why: `Its order takes ${bodyBytes} bytes as JSON, and ${bodyBytesMax} are accepted.`,
      mend: "Send several purges, or one by prefix.",
    });
  }
  return { id: `msg_${crypto.randomUUID().replaceAll("-", "")}`, body };
}
