// The interface of an application's Redis connection, the same for every library.

/** A command: its name in upper case, then its arguments, all of them texts. */
export type WireCommand = readonly [name: string, ...args: string[]];

/** A connection. Its calls reject with errors of the library or the server. */
export interface Connection {
  /**
   * Whether the server is a cluster. In a cluster, the keys of a command, transaction or script
   * must be in one hash slot.
   */
  readonly isCluster: boolean;
  isReady(): boolean;
  /** Whether the server has accepted the connection, and the library waits until it has loaded its data. */
  readonly isStarting?: (() => boolean) | undefined;
  /**
   * Whether the library is connected or tries to connect. If not, the application must open the
   * connection.
   */
  isOpen(): boolean;
  /**
   * Registers a listener for errors outside of commands, such as a wrong password. Without a
   * listener, such an error of node-redis ends the process.
   */
  onError(listener: (cause: unknown) => void): void;
  /** Resolves with the reply in the format of RESP2 or RESP3. Runs a script or a SET at most once. */
  send(command: WireCommand): Promise<unknown>;
  /**
   * Returns a second connection with the same options, for commands that block. It does not
   * reconnect, and does not keep a Node process alive. Its errors reject its calls.
   */
  duplicate(): BlockingConnection;
  /** Connects again. The library may resend reads in flight, or rejects them. Never throws. */
  reconnect(): void;
  /** Registers a listener that runs when the application closes the connection. */
  onEnd(listener: () => void): void;
  /** Runs MULTI, the commands and EXEC. The reply of a command that fails in EXEC is an `Error`. */
  transact(commands: readonly WireCommand[]): Promise<readonly unknown[]>;
}

/** A connection that waits in one command at a time. */
export interface BlockingConnection extends Pick<Connection, "send"> {
  /** Connects. May wait without limit for a server that never answers. */
  open(): Promise<unknown>;
  /** Rejects a command in flight, and ends `open`. Never throws. */
  close(): void;
}
