// Notes on objects, which last as long as these. A note is a private member of its object, which costs garbage
// collection far less than an entry of a `WeakMap`.

/** Notes of one kind. Copies of an object have none of its notes. */
export interface Notes<Of extends object, Note> {
  get(of: Of): Note | undefined;
  set(of: Of, note: Note): void;
}

/** A constructor that returns its argument, so that a subclass adds its private members to it. */
const Itself = function (of: object) {
  return of;
} as unknown as new (of: object) => object;

export function notesOn<Of extends object, Note>(): Notes<Of, Note> {
  return class extends Itself {
    #note: Note | undefined;

    static get(of: object): Note | undefined {
      return #note in of ? of.#note : undefined;
    }

    static set(of: object, note: Note): void {
      const noted = #note in of ? of : new this(of);
      noted.#note = note;
    }
  };
}
