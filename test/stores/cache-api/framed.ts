// Joins a JSON head and its bytes to one body, which is sent between Node and a Worker under test.

const lengthBytes = 4;

export function framed(head: unknown, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(head));
  const whole = new Uint8Array(lengthBytes + text.byteLength + bytes.byteLength);
  new DataView(whole.buffer).setUint32(0, text.byteLength);
  whole.set(text, lengthBytes);
  whole.set(bytes, lengthBytes + text.byteLength);
  return whole;
}

export function unframed(whole: ArrayBuffer): { head: unknown; bytes: Uint8Array<ArrayBuffer> } {
  const bodyAt = lengthBytes + new DataView(whole).getUint32(0);
  const text = new TextDecoder().decode(new Uint8Array(whole, lengthBytes, bodyAt - lengthBytes));
  return { head: JSON.parse(text), bytes: new Uint8Array(whole.slice(bodyAt)) };
}
