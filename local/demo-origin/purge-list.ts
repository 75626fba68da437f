// The list of purges on the editor's desk: what was sent, what came of it, which colo shows it.
import { html } from "hono/html";
import { watchPauseMs } from "./colo-watch.ts";
import type { Html } from "./page-frame.ts";
import { watchFactor } from "./purge-desk.ts";
import type { PurgeRecord } from "./purge-outbox.ts";

export function purgeList(given: {
  records: readonly PurgeRecord[];
  coloNames: readonly string[];
  /** `undefined` while purges have no address. */
  sendsTo: string | undefined;
  atMs: number;
  token: string;
}): Html {
  const { records, sendsTo } = given;
  const rows = records.map(
    (record) =>
      html`<tr>
        <td>
          ${record.order.reason ?? ""}
          <div class="meta">${record.id}, made at ${clock(record.enqueuedAtMs)}</div>
        </td>
        <td>${(record.order.tags ?? []).map((tag) => html`<code>${tag}</code> `)}</td>
        <td>${outcome(record, given)}</td>
        <td>${sightings(record, given)}</td>
      </tr> `,
  );
  return html`<p class="meta">
      ${
        sendsTo === undefined
          ? "No address for purges is set: they wait here until the origin is started with one."
          : html`Sent to ${sendsTo}. After its acceptance, each colo is asked for the changed page
            every ${watchPauseMs / 1_000} s until it shows the change.`
      }
    </p>
    ${
      rows.length === 0
        ? html`<p>Nothing was changed yet.</p>`
        : html`<div class="scrolls">
            <table>
              <thead>
                <tr>
                  <th>Change</th>
                  <th>Tags</th>
                  <th>Purge</th>
                  <th>Seen after</th>
                </tr>
              </thead>
              <tbody>
                ${rows}
              </tbody>
            </table>
          </div>`
    }`;
}

/** Times of day with milliseconds, as in the pages' footers. */
const clock = (atMs: number): string => new Date(atMs).toISOString().slice(11, 23);

type Around = Pick<Parameters<typeof purgeList>[0], "atMs" | "coloNames" | "sendsTo" | "token">;

function outcome(record: PurgeRecord, { sendsTo, token }: Around): Html {
  const { id, position, acceptedAtMs, nextTryAtMs, failedTries, why } = record;
  if (position !== null && acceptedAtMs !== null) {
    return html`accepted at ${clock(acceptedAtMs)}
      <div class="meta">position ${position}</div>`;
  }
  if (nextTryAtMs === null) {
    return html`<span class="wrong">refused</span>
      <div class="meta">${why}</div>
      <form method="post" action="/editor/purges/${id}/send-again">
        <input type="hidden" name="token" value="${token}" />
        <button class="quiet">Send again</button>
      </form>`;
  }
  if (failedTries === 0) return html`${sendsTo === undefined ? "not sent" : "being sent"}`;
  return html`not accepted yet, ${failedTries === 1 ? "one try" : `${failedTries} tries`}
    <div class="meta">${why} Next try at ${clock(nextTryAtMs)}.</div>`;
}

function sightings(record: PurgeRecord, { atMs, coloNames }: Around): Html {
  const { acceptedAtMs, visibleWithinSeconds, seenAtMs } = record;
  if (acceptedAtMs === null) return html``;
  const watchedSeconds = watchFactor * (visibleWithinSeconds ?? 0);
  const isOver = atMs > acceptedAtMs + watchedSeconds * 1_000;
  const said = (name: string): string => {
    const seenAt = seenAtMs[name];
    if (seenAt !== undefined) return `${((seenAt - acceptedAtMs) / 1_000).toFixed(1)} s`;
    return isOver ? `not within ${watchedSeconds} s` : "not yet";
  };
  return html`${coloNames.map(
    (name, at) => html`${at > 0 ? ", " : ""}<span class="unbroken">${name} ${said(name)}</span>`,
  )}`;
}
