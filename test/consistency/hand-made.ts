// Histories made by hand, for the tests of the checker: one page, N = 1,000 ms and A = 200 ms.
import type {
  Allowance,
  History,
  Page,
  PurgeTry,
  Read,
} from "../../testing/consistency/checker/operations.ts";

export const page: Page = {
  path: "/a/1",
  url: "http://site.test/a/1",
  tags: ["one", "all"],
  variants: [""],
  allowance: "none",
};

export function historyOf(parts: Partial<History>, allowance: Allowance = "none"): History {
  return {
    maxLagMs: 1_000,
    allowanceMs: 200,
    originMsMax: 3_000,
    pages: [{ ...page, allowance }],
    colos: ["east", "west"],
    writes: [{ path: page.path, version: 2, atMs: 9_000 }],
    reads: [],
    purges: [],
    journal: [],
    losses: [],
    replicaLags: [],
    isolates: [],
    originErrors: [],
    faults: [],
    torn: [],
    ...parts,
  };
}

/** A purge that by default is sent at 10,000 and answered at 10,050. */
export function purge(parts: Partial<PurgeTry> = {}): PurgeTry {
  return {
    id: "p",
    order: { tags: ["one"] },
    colo: "east",
    invokedAtMs: 10_000,
    returnedAtMs: 10_050,
    outcome: { kind: "accepted", position: "5-0" },
    ...parts,
  };
}

/** The journal entry of this purge, written at 10,040. */
export const written = {
  kind: "appended",
  atMs: 10_040,
  isolate: "east#1",
  position: "5-0",
  n: "n5",
  id: "p",
  isMark: false,
} as const;

export function read(invokedAtMs: number, version: number, parts: Partial<Read> = {}): Read {
  return {
    colo: "west",
    path: page.path,
    variant: "",
    invokedAtMs,
    returnedAtMs: invokedAtMs + 5,
    version,
    cacheStatus: "tidemark; hit; ttl=500; detail=memory",
    askedOf: "",
    ...parts,
  };
}
