// Skips the tests that a limit of this run makes impossible. vitest.config.ts names this file as a
// set-up file.
import { beforeEach } from "vitest";
import type { LimitName } from "./limits.ts";

interface Impossible {
  readonly limit: LimitName;
  readonly file: string;
  /** The names of the tests. Default: all tests of the file. */
  readonly tests?: RegExp;
  readonly why: string;
}

const edge = { limit: "no-cache", why: "The test expects a hit in the edge tier." } as const;

const rows: readonly Impossible[] = [
  { ...edge, file: "test/worker/encodings.test.ts", tests: /from edge$|public port/ },
  { ...edge, file: "test/worker/large-bodies.test.ts", tests: /edge tier/ },
  { ...edge, file: "test/worker/slow-clients.test.ts", tests: /4096 KiB/ },
  { ...edge, file: "test/worker/tiers.test.ts", tests: /edge tier/ },
];

const selected = (process.env["TIDEMARK_PLATFORM"] ?? "").split(",");
const ofRun = rows.filter(({ limit }) => selected.includes(limit));

if (ofRun.length > 0) {
  beforeEach(({ task, skip }) => {
    const row = ofRun.find(({ file, tests }) => {
      return task.file.name === file && (tests === undefined || tests.test(task.name));
    });
    if (row !== undefined) skip(row.why);
  });
}
