// What the troubles of a database are called where an application has a connection to it.
import type { TroubleWords } from "../trouble.ts";

const connection = "check that the connection was opened";

export const connectionWords: TroubleWords = {
  "token-refused": ["Redis refused the user or the password", "check those of the connection"],
  unreachable: ["The database cannot be reached", `${connection}, and that the database runs`],
  busy: ["The database is busy or starting", "look at its state if that lasts"],
  "read-only": [
    "The database or its user may only read",
    "connect to the primary, as a user that may write",
  ],
  "not-upstash": [
    "A reply has not the form of Redis",
    "check that the database is Redis or Valkey, and that the connection maps no types",
  ],
  refused: ["The database refused a command", "check its state, and what its user may do"],
  failed: ["A command to the database failed before it was sent", connection],
};
