// How the command ends. The numbers are part of its interface: scripts read them.

export const exitCode = {
  /** Done, and nothing is wrong. */
  done: 0,
  /** Not done: the site refused it, or could not be reached. */
  failed: 1,
  /** The command line, the profile or a file is wrong. Nothing was sent. */
  usage: 2,
  /** Done, and something was found to be wrong: a finding of health or doctor, a page that was not warmed. */
  findings: 3,
  /** Ended by Ctrl-C, SIGTERM or SIGHUP, or by the answer no. */
  interrupted: 130,
  /** Ended early, since nobody read stdout any more. It is what a shell tells of SIGPIPE. */
  outputClosed: 141,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];
