/** A soft sound of two notes; no file is fetched for it. */
export function chime(): void {
  const context = new AudioContext();
  [660, 880].forEach((pitch, i) => {
    const start = context.currentTime + i * 0.12;
    const note = context.createOscillator();
    const volume = context.createGain();
    note.frequency.value = pitch;
    volume.gain.setValueAtTime(0.06, start);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.35);
    note.connect(volume).connect(context.destination);
    note.start(start);
    note.stop(start + 0.35);
    if (i) note.onended = () => context.close();
  });
}
