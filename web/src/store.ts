/**
 * Sessions kept in the browser: each is a log, in pieces as they were told, and a few words of the page beside it.
 *
 * One tab at a time keeps a session; a second tab of the same lesson plays on without keeping.
 */

/** What the page itself remembers of a session, beside the log. */
export interface Remembered {
  quizzes?: Record<string, { answer: string[]; correct: boolean; revealed: boolean }>;
  hints?: string[];
  /** By checkpoint: how long the log was when it was passed. */
  passed?: Record<string, number>;
}

interface Piece {
  session: string;
  bytes: Uint8Array;
}

const name = "terrarium";

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("log", { autoIncrement: true }).createIndex("session", "session");
      request.result.createObjectStore("remembered");
      request.result.createObjectStore("end");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function done(t: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    t.oncomplete = () => resolve();
    t.onerror = t.onabort = () => reject(t.error);
  });
}

function result<T>(r: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    r.onsuccess = () => resolve(r.result);
    r.onerror = () => reject(r.error);
  });
}

/** Where a session is kept, or not: `keeps` is false in a second tab, in private windows without storage, and with storage="none". */
export interface Keeper {
  readonly keeps: boolean;
  log(): Promise<Uint8Array | undefined>;
  remembered(): Promise<Remembered>;
  append(bytes: Uint8Array): void;
  replace(bytes: Uint8Array): void;
  /** What stands behind the last piece until the next call. */
  end(bytes: Uint8Array): void;
  remember(what: Remembered): void;
  forget(): Promise<void>;
  close(): void;
}

class Nowhere implements Keeper {
  readonly keeps = false;
  log = async () => undefined;
  remembered = async () => ({});
  append() {}
  replace() {}
  end() {}
  remember() {}
  forget = async () => {};
  close() {}
}

export async function openKeeper(session: string | null): Promise<Keeper> {
  if (!session) return new Nowhere();
  try {
    const release = await alone(`terrarium:${session}`);
    return release ? new Kept(await opened(), session, release) : new Nowhere();
  } catch {
    return new Nowhere();
  }
}

/** Takes a lock that the tab holds until the returned function is called; undefined where another tab has it. */
function alone(lock: string): Promise<(() => void) | undefined> {
  if (!navigator.locks) return Promise.resolve(() => {});
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(lock, { ifAvailable: true }, (got) => {
        if (!got) return resolve(undefined);
        return new Promise<void>((release) => resolve(release));
      })
      .catch(reject);
  });
}

class Kept implements Keeper {
  readonly keeps = true;

  constructor(
    private readonly db: IDBDatabase,
    private readonly session: string,
    private readonly release: () => void,
  ) {}

  async log(): Promise<Uint8Array | undefined> {
    const t = this.db.transaction(["log", "end"]);
    const [pieces, end] = await Promise.all([
      result<Piece[]>(t.objectStore("log").index("session").getAll(this.session)),
      result<Uint8Array | undefined>(t.objectStore("end").get(this.session)),
    ]);
    if (!pieces.length) return undefined;
    const all = pieces.map((p) => p.bytes);
    if (end) all.push(end);
    return new Uint8Array(await new Blob(all as BlobPart[]).arrayBuffer());
  }

  async remembered(): Promise<Remembered> {
    return (await result(this.db.transaction("remembered").objectStore("remembered").get(this.session))) ?? {};
  }

  append(bytes: Uint8Array): void {
    const t = this.db.transaction("log", "readwrite", { durability: "relaxed" });
    t.objectStore("log").add({ session: this.session, bytes } satisfies Piece);
    this.mind(t);
  }

  replace(bytes: Uint8Array): void {
    const t = this.db.transaction(["log", "end"], "readwrite");
    t.objectStore("end").delete(this.session);
    this.wipe(t, () => t.objectStore("log").add({ session: this.session, bytes } satisfies Piece));
    this.mind(t);
  }

  end(bytes: Uint8Array): void {
    const t = this.db.transaction("end", "readwrite", { durability: "relaxed" });
    t.objectStore("end").put(bytes, this.session);
    this.mind(t);
  }

  remember(what: Remembered): void {
    const t = this.db.transaction("remembered", "readwrite");
    t.objectStore("remembered").put(what, this.session);
    this.mind(t);
  }

  async forget(): Promise<void> {
    const t = this.db.transaction(["log", "end", "remembered"], "readwrite");
    this.wipe(t);
    t.objectStore("end").delete(this.session);
    t.objectStore("remembered").delete(this.session);
    await done(t);
  }

  close(): void {
    this.db.close();
    this.release();
  }

  private wipe(t: IDBTransaction, then?: () => void): void {
    const cursor = t.objectStore("log").index("session").openKeyCursor(this.session);
    cursor.onsuccess = () => {
      if (!cursor.result) return then?.();
      t.objectStore("log").delete(cursor.result.primaryKey);
      cursor.result.continue();
    };
  }

  private mind(t: IDBTransaction): void {
    done(t).catch((e) => console.warn("the session could not be kept:", e));
  }
}
