// The contests: hits by body size, 304s, and misses. The rows of a contest take turns.
import { browserFields, etag, pageOf, type Path } from "./site.ts";
import type { Ground, System } from "./systems.ts";

export interface Row {
  readonly name: string;
  readonly system: System;
  readonly page: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: 200 | 304;
  /** A text that the head of every response must contain; empty if any head is correct. */
  readonly said: string;
  /** Whether every request goes to the origin. If false, no request does. */
  readonly asksOrigin: boolean;
  readonly connections: number;
}

export interface Contest {
  /** The kind, as written in `--only`. */
  readonly kind: "hit" | "304" | "miss";
  readonly title: string;
  readonly rows: readonly Row[];
}

export const constantName = "a constant Worker";
export const bareName = "bare Cache API Worker";
export const memoryName = "Tidemark, memory hit";
export const edgeName = "Tidemark, edge hit";
export const sharedName = "Tidemark, shared hit";
const directName = "the origin itself";
const withRedisName = "Tidemark";

const kibibyte = 1_024;
const mebibyte = kibibyte ** 2;
const sizes = [
  { said: "10 KiB", bytes: 10 * kibibyte },
  { said: "1 MiB", bytes: mebibyte },
];
const usualBytes = 10 * kibibyte;

/**
 * The end of the title of a contest whose requests have a browser's header fields. Other requests
 * only have `Host`.
 */
export const byBrowser = ", with a browser's header fields";
const askings = [
  { asking: "", headers: {} },
  { asking: byBrowser, headers: browserFields },
];

/**
 * The limit of body bytes in transit. Above it, the bench would measure the speed of the machine's
 * memory.
 */
const bytesOnTheirWayMax = 64 * mebibyte;
const connectionsMax = 32;
/**
 * Returns the number of connections for hits in the shared tier. With more connections, reads would
 * wait for the only REST server until they time out.
 */
export const sharedConnections = (bodyBytes: number): number => (bodyBytes < mebibyte ? 4 : 1);

const hit = {
  headers: {},
  status: 200,
  said: "",
  asksOrigin: false,
  connections: connectionsMax,
} as const;

type Start = (ground: Ground) => Promise<Contest>;

const hitsAsked = ({ asking, headers }: (typeof askings)[number]): Start[] =>
  sizes.map(({ said, bytes }): Start => async ({ systems, startConstant }) => {
    const { bare, tidemark } = systems;
    const constant = await startConstant({ status: 200, bodyBytes: bytes });
    const page = pageOf("memory", bytes);
    const connections = Math.min(connectionsMax, Math.floor(bytesOnTheirWayMax / bytes));
    const ofSize = { ...hit, headers, connections };
    const ofTidemark = (name: string, path: Path) => ({
      ...ofSize,
      name,
      system: tidemark,
      page: pageOf(path, bytes),
      said: `; detail=${path}`,
    });
    const rows: Row[] = [
      { ...ofSize, name: constantName, system: constant, page },
      { ...ofSize, name: bareName, system: bare, page },
      ofTidemark(memoryName, "memory"),
      ofTidemark(edgeName, "edge"),
      { ...ofTidemark(sharedName, "shared"), connections: sharedConnections(bytes) },
    ];
    return { kind: "hit", title: `A hit of ${said}${asking}`, rows };
  });

async function notModified({ systems, startConstant }: Ground): Promise<Contest> {
  const { bare, tidemark } = systems;
  const conditional = {
    ...hit,
    status: 304,
    headers: { "if-none-match": etag },
    page: pageOf("memory", usualBytes),
  } as const;
  const constant = await startConstant({ status: 304 });
  const rows: Row[] = [
    { ...conditional, name: constantName, system: constant },
    { ...conditional, name: bareName, system: bare },
    { ...conditional, name: memoryName, system: tidemark, said: "; detail=memory" },
    {
      ...conditional,
      name: edgeName,
      system: tidemark,
      page: pageOf("edge", usualBytes),
      said: "; detail=edge",
    },
  ];
  return { kind: "304", title: "304 to `If-None-Match`", rows };
}

async function misses({ systems }: Ground): Promise<Contest> {
  const page = pageOf("memory", usualBytes, "new");
  const miss = { ...hit, asksOrigin: true, page };
  const ofTidemark = { ...miss, said: "; fwd=uri-miss; fwd-status=200; stored" };
  const rows: Row[] = [
    { ...miss, name: directName, system: systems.origin },
    { ...miss, name: "a Worker that only forwards", system: systems.passThrough },
    { ...miss, name: bareName, system: systems.bare },
    { ...ofTidemark, name: "Tidemark without Redis", system: systems.withoutRedis },
    { ...ofTidemark, name: withRedisName, system: systems.tidemark },
  ];
  return { kind: "miss", title: "A miss of 10 KiB", rows };
}

/** All contests. `start` also starts the runtimes that only this contest needs. */
export const contests: readonly { readonly kind: Contest["kind"]; readonly start: Start }[] = [
  ...askings.flatMap(hitsAsked).map((start) => ({ kind: "hit", start }) as const),
  { kind: "304", start: notModified },
  { kind: "miss", start: misses },
];
