/** The program itself, started for a test and stopped after it. */

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where `cargo build` leaves it, unless somebody says otherwise. */
const PROGRAM = process.env['DOLMEN_PROGRAM'] ?? fileURLToPath(new URL('../../target/debug/dolmen', import.meta.url));

/** Longer than anything here takes on a busy machine. */
const PATIENCE = 240_000;

export interface Server {
  base: string;
  stop: () => Promise<void>;
}

/** Starts a `dolmen` that serves the console, and waits until it says where. */
export async function serve(args: readonly string[], folder: string): Promise<Server> {
  const child = start(args, folder);
  const base = await heard(child, /the console is at (http:\/\/[^/\s]+)/);
  return { base, stop: () => stop(child) };
}

/** Runs it to its end. */
export async function run(args: readonly string[], folder: string): Promise<void> {
  const child = start(args, folder);
  let said = '';
  child.stderr?.on('data', (text: Buffer) => { said += text.toString(); });
  const code = await new Promise((resolve) => child.on('exit', resolve));
  if (code !== 0) throw new Error(`dolmen ${args.join(' ')} ended with ${String(code)}: ${said}`);
}

function start(args: readonly string[], folder: string): ChildProcess {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is not there: build it (cargo build -p dolmen), or say where it is (DOLMEN_PROGRAM)`);
  // Nothing of this machine has a say, but where its programs are.
  return spawn(PROGRAM, args, { cwd: folder, env: { PATH: process.env['PATH'], HOME: folder }, stdio: ['ignore', 'ignore', 'pipe'] });
}

function heard(child: ChildProcess, wanted: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error(`nobody said ${String(wanted)}, but: ${said}`)), PATIENCE);
    child.stderr?.on('data', (text: Buffer) => {
      said += text.toString();
      const found = wanted.exec(said)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    });
    child.on('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`it ended with ${String(code)}: ${said}`));
    });
  });
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.on('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
