// What a proxy does with the connections through it.
export type Behaviour =
  | { kind: "open" }
  /** Bytes take that long, each way. */
  | { kind: "slow"; eachWayMs: number }
  /** Connections are taken and nothing ever comes of them; what was swallowed stays so. */
  | { kind: "black-hole" }
  /** Every connection ends with RST, one that stands too. */
  | { kind: "resets" }
  /** Nobody listens, as where the server's process is gone. */
  | { kind: "refuses" }
  /** Each way. */
  | { kind: "throttles"; bytesPerSecond: number }
  /** Answers with random bytes. */
  | { kind: "garbage"; seed: number }
  /** Answers with well-formed HTTP whose body is no answer to what was asked. */
  | { kind: "rubbish"; seed: number }
  /** Ends the connection behind so many bytes of the answer. */
  | { kind: "cuts"; afterBytes: number };
