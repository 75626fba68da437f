// The contests between two checkouts: hits, 304s and misses, each with one row for each checkout.
import { type Contest, type Row, sharedConnections } from "../speed/contests.ts";
import { etag, pageOf } from "../speed/site.ts";
import type { System } from "../speed/systems.ts";

export const nowName = "now";
export const beforeName = "before";

const kibibyte = 1_024;
const usualBytes = 10 * kibibyte;
const conditional = { "if-none-match": etag };

type Asked = Pick<Row, "page" | "headers" | "status" | "said" | "asksOrigin"> &
  Partial<Pick<Row, "connections">> &
  Pick<Contest, "kind" | "title">;

const stored = { headers: {}, status: 200, asksOrigin: false, kind: "hit" } as const;
const unchanged = { headers: conditional, status: 304, asksOrigin: false, kind: "304" } as const;
const fromMemory = { page: pageOf("memory", usualBytes), said: "; detail=memory" } as const;
const fromEdge = { page: pageOf("edge", usualBytes), said: "; detail=edge" } as const;

const asked: readonly Asked[] = [
  { ...stored, ...fromMemory, title: "memory hit, 10 KiB" },
  { ...stored, ...fromMemory, title: "memory hit, 1 KiB", page: pageOf("memory", kibibyte) },
  { ...stored, ...fromEdge, title: "edge hit, 10 KiB" },
  {
    ...stored,
    title: "shared hit, 10 KiB",
    page: pageOf("shared", usualBytes),
    said: "; detail=shared",
    connections: sharedConnections(usualBytes),
  },
  { ...unchanged, ...fromMemory, title: "304 from memory" },
  { ...unchanged, ...fromEdge, title: "304 from the edge" },
  {
    kind: "miss",
    title: "miss, 10 KiB",
    page: pageOf("memory", usualBytes, "new"),
    headers: {},
    status: 200,
    said: "; fwd=uri-miss",
    asksOrigin: true,
  },
];

const connections = 32;

export function contestsOf({ now, before }: { now: System; before: System }): Contest[] {
  return asked.map(({ kind, title, ...row }) => ({
    kind,
    title,
    rows: [
      { connections, ...row, name: nowName, system: now },
      { connections, ...row, name: beforeName, system: before },
    ],
  }));
}
