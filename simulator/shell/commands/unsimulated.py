"""Programs of a Debian host that exist here in name only: they say so, and fail."""

from __future__ import annotations

from simulator.unix.program import Process, program

_EVERYONE = (
    "addpart apt-key basenc bashbug captoinfo chattr chcon choom cpan cpio csplit debconf dircolors dislocate dpkg-deb dpkg-divert dpkg-reconfigure "
    "dpkg-split dsync expect expiry factor faillog fallocate fincore flock fmt gpgv hostid iconv infocmp ipcmk ipcrm ipcs "
    "ldd linux64 localedef lsattr lsblk lscpu lsipc lsmem lsns mcookie mountpoint mt namei newgrp nsenter numfmt partx pinky pldd "
    "pmap pr prlimit ptx pwdx rename.ul renice resizepart run-parts runcon savelog script scriptreplay sdiff sensible-editor "
    "setpriv setterm sg shred slabtop snice tabs taskset tclsh8.6 tic tload toe tsort unshare update-alternatives utmpdump vmstat "
    "wall watch wdctl zdump"
).split()
_ADMINISTRATOR = (
    "add-shell agetty blkid blockdev bridge capsh chgpasswd chroot ctrlaltdel debugfs e2fsck fsck fsfreeze fstrim getcap grpck grpconv hwclock "
    "iptables ldconfig losetup mkfs mkswap newusers pam-auth-update pivot_root pwck pwconv resize2fs rtcwake start-stop-daemon "
    "sulogin swapoff swapon switch_root sysctl tc tune2fs update-ca-certificates update-passwd update-rc.d vigr vipw zic"
).split()
_MANUAL = "NAME\n    {name} - a program of Debian that is not simulated\n"


def unsimulated(p: Process) -> int:
    """Say that this program is not simulated."""
    p.err(f"simulator: {p.name}: not simulated\n")
    return 1


for _directory, _names in (("/usr/bin", _EVERYONE), ("/usr/sbin", _ADMINISTRATOR)):
    for _name in _names:
        program(f"{_directory}/{_name}", manual="")(unsimulated)
