/** All that the page can do with the license: five functions, no Node.js. */
const { contextBridge, ipcRenderer } = require('electron');

contextBridge.exposeInMainWorld('license', {
  verify: () => ipcRenderer.invoke('license:verify'),
  activate: (key) => ipcRenderer.invoke('license:activate', key),
  deactivate: () => ipcRenderer.invoke('license:deactivate'),
  record: (feature, quantity) => ipcRenderer.invoke('usage:record', feature, quantity),
  onChange: (listener) => ipcRenderer.on('license', (_event, verdict) => listener(verdict)),
});
