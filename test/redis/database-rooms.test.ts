// Tests the free space of several databases.
import { describe, expect, it } from "vitest";
import {
  DatabaseRoom,
  type DatabaseRoomSettings,
  DatabaseRooms,
} from "../../src/redis/database-room.ts";

describe("the rooms of several databases", () => {
  const roomWith = (usedBytes: number) => {
    const info = `used_memory:${usedBytes}\r\nmaxmemory:100\r\nmaxmemory_policy:noeviction`;
    const looked: string[] = [];
    const look = async (purpose: string) => {
      looked.push(purpose);
      return { kind: "answered", value: info };
    };
    const redis = { look, write: look } as unknown as DatabaseRoomSettings["redis"];
    const settings = { redis, limitBytes: undefined, ballastKey: undefined, nowAtMs: () => 0 };
    return { room: new DatabaseRoom(settings), looked };
  };

  it.each([
    { used: [10, 10], isTight: false, isPaused: false },
    { used: [10, 61], isTight: true, isPaused: false },
    { used: [10, 86], isTight: true, isPaused: false },
    { used: [86, 86], isTight: true, isPaused: true },
  ])("are tight if one is, and paused if all are: $used", async ({ used, isTight, isPaused }) => {
    const opened = used.map(roomWith);
    const rooms = new DatabaseRooms(opened.map(({ room }) => room));
    await rooms.runCron();
    expect(opened.map(({ looked }) => looked.length)).toEqual([1, 1]);
    expect({ isTight: rooms.isTight, isPaused: rooms.isPaused }).toEqual({ isTight, isPaused });
  });
});
