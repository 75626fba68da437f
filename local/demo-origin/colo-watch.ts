// Asks every colo for a page, as a reader would, until each was seen to show a change.
import type { ChangedPage } from "./purge-outbox.ts";
import { pageVersionField } from "./send.ts";

/** How long after one answer a colo is asked again. */
export const watchPauseMs = 250;
const answerTimeoutMs = 2_000;

export interface WatchedColo {
  name: string;
  /** Without a slash at its end, such as "http://127.0.0.1:8787". */
  url: string;
}

export interface ColoShows {
  colo: string;
  /** `undefined` when the page says none, as a missing one does, or the colo is out of reach. */
  version: number | undefined;
}

export interface ColoWatch {
  colos: readonly WatchedColo[];
  /** What each colo shows now. That also leaves a copy in those that had none. */
  look(path: string): Promise<ColoShows[]>;
  /** Returns at once; `onSeen` is told of each colo at most once, and of none after `untilAtMs`. */
  watch(given: {
    page: ChangedPage;
    untilAtMs: number;
    onSeen: (colo: string, atMs: number) => void;
  }): void;
  stop(): Promise<void>;
}

export function createColoWatch(urls: readonly string[], nowAtMs: () => number): ColoWatch {
  const colos = urls.map((url, at) => ({ name: `colo-${at + 1}`, url }));
  const stopping = new AbortController();
  const { signal } = stopping;
  const underWay = new Set<Promise<void>>();

  const versionAt = async ({ url }: WatchedColo, path: string): Promise<number | undefined> => {
    try {
      const response = await fetch(`${url}${path}`, {
        redirect: "manual",
        signal: AbortSignal.any([signal, AbortSignal.timeout(answerTimeoutMs)]),
      });
      // Read to the end, so that the connection can be used again.
      await response.arrayBuffer();
      return Number(response.headers.get(pageVersionField) ?? Number.NaN) || undefined;
    } catch {
      return undefined;
    }
  };

  const watchOne = async (
    colo: WatchedColo,
    { page, untilAtMs, onSeen }: Parameters<ColoWatch["watch"]>[0],
  ): Promise<void> => {
    while (!signal.aborted && nowAtMs() <= untilAtMs) {
      const version = (await versionAt(colo, page.path)) ?? 0;
      // Stopped, the origin may have closed its database.
      if (signal.aborted) return;
      if (version >= page.version) return onSeen(colo.name, nowAtMs());
      await pause(watchPauseMs, signal);
    }
  };

  return {
    colos,
    look: (path) =>
      Promise.all(
        colos.map(async (colo) => ({ colo: colo.name, version: await versionAt(colo, path) })),
      ),
    watch(given) {
      for (const colo of colos) {
        const watching = watchOne(colo, given).finally(() => underWay.delete(watching));
        underWay.add(watching);
      }
    },
    async stop() {
      stopping.abort();
      await Promise.all(underWay);
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
