// The exit codes of the command. They are part of its interface, because scripts read them.

export const exitCode = {
  /** Success. */
  done: 0,
  /** The site rejected the request or was unreachable, or the command itself failed. */
  failed: 1,
  /** The command line, the profile or a file is wrong. Nothing was sent. */
  usage: 2,
  /** Success, but with a problem: a finding of health or doctor, or a page or key that failed to warm. */
  findings: 3,
  /** Ended by Ctrl-C, SIGTERM or SIGHUP, or by the answer "no". */
  interrupted: 130,
  /** The reader of stdout has closed the stream. Shells report SIGPIPE with this number. */
  outputClosed: 141,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];
