import { expect } from 'chai';
import { ensureChromium, findChromium } from '../../../scripts/chromium.ts';

const APT = '/usr/bin/apt-get';
const CHROMIUM = '/usr/bin/chromium';

/** A machine that has some programs, and on which apt-get puts Chromium. */
function machineWith(programs: string[], { isRoot = true, CHROMIUM: given = undefined as string | undefined } = {}) {
  const has = new Set(programs);
  const ran: string[] = [];
  const said: string[] = [];
  const codes: Record<string, number> = {};
  const machine = {
    env: { PATH: '/usr/local/bin:/usr/bin', ...(given !== undefined && { CHROMIUM: given }) },
    isRoot,
    isProgram: (path: string) => has.has(path),
    say: (text: string) => void said.push(text),
    run: (command: string, args: readonly string[]) => {
      const [verb = ''] = args;
      ran.push(`${command} ${verb} ${args.at(-1)}`);
      const code = codes[verb] ?? 0;
      if (verb === 'install' && code === 0) has.add(CHROMIUM);
      return code;
    },
  };
  return { machine, ran, said, codes };
}

describe('the browser of the tests', () => {
  it('is the one that is here, under any of its names, and nothing is installed', () => {
    for (const path of [CHROMIUM, '/usr/local/bin/google-chrome']) {
      const { machine, ran } = machineWith([APT, path]);
      expect(ensureChromium(machine)).to.equal(path);
      expect(ran).to.deep.equal([]);
    }
  });

  it('is the one that CHROMIUM names, and no other in its place', () => {
    const own = '/opt/own/chrome';
    expect(ensureChromium(machineWith([CHROMIUM, own], { CHROMIUM: own }).machine)).to.equal(own);
    const { machine, ran } = machineWith([CHROMIUM, APT], { CHROMIUM: own });
    expect(() => ensureChromium(machine)).to.throw(`CHROMIUM is ${own}`);
    expect(ran).to.deep.equal([]);
  });

  it('is installed where it is missing, root asks and apt-get is there, and that is said', () => {
    const { machine, ran, said } = machineWith([APT]);
    expect(ensureChromium(machine)).to.equal(CHROMIUM);
    expect(ran).to.deep.equal([`${APT} update update`, `${APT} install chromium`]);
    expect(said.join()).to.include('installing');
  });

  it('is installed from old lists where new ones cannot be had', () => {
    const { machine, codes } = machineWith([APT]);
    codes['update'] = 100;
    expect(ensureChromium(machine)).to.equal(CHROMIUM);
  });

  it('is told to be wanted where it cannot be installed', () => {
    const wanted = /wants Chromium or Chrome: install it .* or give its path in CHROMIUM/;
    expect(() => ensureChromium(machineWith([APT], { isRoot: false }).machine)).to.throw(wanted);
    expect(() => ensureChromium(machineWith([]).machine)).to.throw(wanted);
    expect(() => findChromium(machineWith([APT]).machine)).to.throw(wanted);
    const failing = machineWith([APT]);
    failing.codes['install'] = 100;
    expect(() => ensureChromium(failing.machine)).to.throw(/install chromium ended with 100.* wants Chromium/);
  });
});
