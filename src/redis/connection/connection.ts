// The port of an application's Redis connection, independent of its library.

/** A command: its name in upper case, then its arguments. */
export type Command = readonly [name: string, ...args: string[]];

/** A connection. Its calls reject with errors of the library or the server. */
export interface Connection {
  /**
   * Whether the server is a cluster. There, a command, transaction or script may only use keys of
   * one slot.
   */
  readonly isCluster: boolean;
  /**
   * Whether the library resends commands in flight after a lost connection, so that they may run
   * twice.
   */
  readonly mayResend: boolean;
  isReady(): boolean;
  /**
   * Whether the library is connected or tries to connect. If not, the application must open the
   * connection.
   */
  isOpen(): boolean;
  /**
   * Registers a listener for errors outside of commands, such as a wrong password. Without a
   * listener, such an error ends the process.
   */
  onError(listener: (cause: unknown) => void): void;
  /** Resolves with the reply in the format of RESP2 or RESP3. */
  send(command: Command): Promise<unknown>;
  /** Runs MULTI, the commands and EXEC. Resolves with the replies; each refusal is an `Error`. */
  transact(commands: readonly Command[]): Promise<readonly unknown[]>;
}
