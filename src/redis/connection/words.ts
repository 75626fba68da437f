// The reason and the advice by kind of trouble, for a database that is used over a connection.
import type { TroubleWords } from "../../remote/trouble.ts";
import { upstashWords } from "../trouble.ts";

export const connectionWords: TroubleWords = {
  ...upstashWords,
  "token-refused": ["Redis refused the user or the password", "check those of the connection"],
  unreachable: [
    "The database cannot be reached",
    "check the address of the connection, and that the database runs",
  ],
  "not-open": [
    "The connection to the database is not open",
    "open it with `await client.connect()`, once, before the first use of the cache",
  ],
  busy: ["The database is busy or starting", "check its state if the trouble lasts"],
  "read-only": ["The database is read-only", "connect to the primary"],
  "not-permitted": [
    "The user may not run a command, or use a key, that the cache needs",
    "allow the user reads, writes, transactions, INFO, EVAL and EVAL_RO, on keys that begin with `namespace`",
  ],
  "not-upstash": [
    "A reply is not in the format of Redis",
    "check that the database is Redis or Valkey, and that the connection maps no types",
  ],
  refused: ["The database refused a command", "check its state, and what its user may do"],
  failed: ["A command to the database failed before it was sent", "check the connection"],
};
