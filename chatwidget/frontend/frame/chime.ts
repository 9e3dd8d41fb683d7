/** A soft sound, from one pitch to a higher one; no file is fetched for it. */
export function chime(): void {
  const context = new AudioContext();
  const note = context.createOscillator();
  const volume = context.createGain();
  const { currentTime: now } = context;
  note.frequency.setValueAtTime(660, now);
  note.frequency.setValueAtTime(880, now + 0.12);
  volume.gain.setValueAtTime(0.06, now);
  volume.gain.exponentialRampToValueAtTime(0.0001, now + 0.5);
  note.connect(volume).connect(context.destination);
  note.onended = () => context.close();
  note.start();
  note.stop(now + 0.5);
}
