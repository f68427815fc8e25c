# SPDX-License-Identifier: GPL-3.0-or-later
"""A desktop of our own: a virtual display, a session bus, a window manager.

Nothing of the person's own desktop is seen or touched: folders, buses and
display are new, and gone at the end. The bus knows one service, the
accessibility bus, so no portal and no keyring is started by accident.
"""

import os
import pathlib
import shutil
import signal
import subprocess

from patience import wait_until

START_TIMEOUT_S = 30.0

BUS_CONFIGURATION = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir={folder}</listen>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class Desktop:
    """Use as a context manager; inside, os.environ points to it."""

    def __init__(self, folder, width=1640, height=780):
        self.folder = pathlib.Path(folder)
        self.size = (width, height)
        self.processes = []
        self.log = None

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = (self.folder / "desktop.log").open("ab")
        try:
            self._set_folders()
            self._start_display()
            self._start_bus()
            self._start_window_manager()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()
        self.log.close()

    def _spawn(self, *command, **options):
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                   stderr=self.log, **options)
        self.processes.append(process)
        return process

    def _set_folders(self):
        runtime = self.folder / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        os.environ.update({
            "HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(runtime),
            "GSETTINGS_BACKEND": "memory",
            "GTK_USE_PORTAL": "0",
            "HDY_DISABLE_PORTAL": "1",
            "GDK_BACKEND": "x11",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
        })
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME",
                     "XAUTHORITY", "WAYLAND_DISPLAY", "LANGUAGE",
                     "NO_AT_BRIDGE", "GTK_THEME", "SESSION_MANAGER"):
            os.environ.pop(name, None)

    def _start_display(self):
        read, write = os.pipe()
        width, height = self.size
        process = self._spawn(
            "Xvfb", "-displayfd", str(write), "-screen", "0",
            f"{width}x{height}x24", "-nolisten", "tcp", "-noreset",
            stdout=self.log, pass_fds=(write,))
        os.close(write)
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        assert number, f"Xvfb ended with {process.wait()}, see {self.log.name}"
        os.environ["DISPLAY"] = f":{number}"

    def _start_bus(self):
        services = self.folder / "services"
        services.mkdir(exist_ok=True)
        for place in ("/usr/share/dbus-1/services",
                      "/usr/share/dbus-1/accessibility-services"):
            for service in pathlib.Path(place).glob("org.a11y.*.service"):
                shutil.copy(service, services)
        configuration = self.folder / "bus.conf"
        configuration.write_text(BUS_CONFIGURATION.format(
            folder=self.folder, services=services))
        process = self._spawn(
            "dbus-daemon", f"--config-file={configuration}", "--nofork",
            "--print-address=1", stdout=subprocess.PIPE, text=True)
        address = process.stdout.readline().strip()
        assert address, f"dbus-daemon ended, see {self.log.name}"
        os.environ["DBUS_SESSION_BUS_ADDRESS"] = address

    def _start_window_manager(self):
        self._spawn("openbox", stdout=self.log)
        wait_until(lambda: subprocess.run(
            ["xprop", "-root", "_NET_SUPPORTING_WM_CHECK"],
            capture_output=True, text=True).stdout.count("window id"),
            START_TIMEOUT_S, "a window manager")

    def screenshot(self, path):
        subprocess.run(["import", "-window", "root", str(path)], check=True)

    def pixels(self, x, y, width, height):
        """What shows there: rows of (red, green, blue)."""
        raw = subprocess.run(
            ["import", "-window", "root", "-crop",
             f"{width}x{height}+{x}+{y}", "-depth", "8", "rgb:-"],
            check=True, capture_output=True).stdout
        assert len(raw) == 3 * width * height
        colours = list(zip(raw[::3], raw[1::3], raw[2::3]))
        return [colours[row * width:(row + 1) * width]
                for row in range(height)]

    def contrast(self, box):
        """Between the ground of a box and what stands out most from it, as
        WCAG reckons it: from 1 to 21."""
        lights = [luminance(pixel) for row in self.pixels(
            box.x, box.y, box.width, box.height) for pixel in row]
        ground = max(set(lights), key=lights.count)
        return max((max(ground, light) + 0.05) / (min(ground, light) + 0.05)
                   for light in lights)


def luminance(pixel):
    parts = [part / 255 / 12.92 if part <= 10
             else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in pixel]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
