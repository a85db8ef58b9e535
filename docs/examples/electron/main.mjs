/**
 * The main process holds the license: it has access to the disk, and pages cannot change it. The window asks by IPC and receives
 * every change.
 */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileStorage, LicenseClient } from '@keyledger/client/node';
import { app, BrowserWindow, ipcMain, powerMonitor } from 'electron';

const CHECK_EVERY = 4 * 3_600_000;

await app.whenReady();

const client = new LicenseClient({
  url: 'https://licenses.example.com',
  product: 'prod_01jd1zx0h8e4rvy2m6k9w3q5tb',
  // From https://licenses.example.com/.well-known/keyledger.pem, at build time.
  publicKeys: [
    `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----`,
  ],
  version: app.getVersion(),
  offlineGraceDays: 3,
  storage: fileStorage(join(app.getPath('userData'), 'license')),
  onUsageRefused: (usage, code) => console.warn(`${usage.feature} was not counted: ${code}`),
});

const window = new BrowserWindow({
  width: 480,
  height: 320,
  webPreferences: { preload: join(import.meta.dirname, 'preload.cjs') },
});

/** Sends a verdict to the page; IPC passes dates and objects unchanged. */
const show = (verdict) => {
  window.webContents.send('license', verdict);
  return verdict;
};

ipcMain.handle('license:verify', async () => show(await client.verify()));
ipcMain.handle('license:activate', async (_event, key) =>
  show(await client.activate(String(key), { label: hostname() })),
);
ipcMain.handle('license:deactivate', async () => {
  const outcome = await client.deactivate();
  show(await client.verify());
  return outcome;
});
ipcMain.handle('usage:record', (_event, feature, quantity) => client.usage.record(String(feature), Number(quantity)));

await window.loadFile('index.html');

// At start, every four hours, and when the computer wakes, so that a suspended license is noticed soon.
const check = async () => show(await client.verify());
await check();
setInterval(check, CHECK_EVERY);
powerMonitor.on('resume', check);

app.on('window-all-closed', () => app.quit());
app.on('will-quit', (event) => {
  // Checks sessions in and sends usage, within the time limit.
  event.preventDefault();
  void client.close().finally(() => app.exit());
});
