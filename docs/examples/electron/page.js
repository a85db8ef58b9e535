const at = (id) => document.getElementById(id);

const sentences = {
  NO_LICENSE_KEY: () => 'Enter your license key.',
  ACTIVATION_LIMIT_REACHED: ({ details }) => `Your license is active on ${details.current} of ${details.max} devices.`,
  SUSPENDED: () => 'Your license is suspended. Please write to support.',
  CLOCK_TURNED_BACK: () => 'The clock of your computer is wrong. Set it, or go online.',
  LEASE_GRACE: ({ until }) => `Please go online before ${until.toLocaleDateString()}.`,
};

const show = (verdict) => {
  at('verdict').textContent = sentences[verdict.code]?.(verdict) ?? verdict.reason;
  at('activation').hidden = verdict.valid;
  at('deactivate').hidden = !verdict.valid;
  at('export').disabled = verdict.entitlements.export?.granted !== true;
};

window.license.onChange(show);
at('activation').addEventListener('submit', (event) => {
  event.preventDefault();
  void window.license.activate(at('key').value);
});
at('deactivate').addEventListener('click', () => void window.license.deactivate());
at('export').addEventListener('click', () => void window.license.record('export', 1));
