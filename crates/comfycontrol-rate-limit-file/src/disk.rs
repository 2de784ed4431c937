//! Files as each system has them: at an offset, for this user alone, and which file a path names.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a file for reading and writing. What it makes is this user's alone.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a directory of this user's alone, unless it is there.
pub(crate) fn make_directory(path: &Path) -> io::Result<()> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "a mode is for Unix"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Reads to the end of `bytes`, or of the file; how many bytes there were.
pub(crate) fn read_at(file: &File, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < bytes.len() {
        match system::read_at(file, &mut bytes[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Writes all of it.
pub(crate) fn write_at(file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        match system::write_at(file, &bytes[done..], offset + done as u64) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => done += written,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The length of the file, if the path still names it.
pub(crate) fn length_at(file: &File, path: &Path) -> io::Result<Option<u64>> {
    match std::fs::metadata(path) {
        Ok(found) => Ok(system::same(&file.metadata()?, &found).then_some(found.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the file is on a network, where locks do not hold or clocks are not one.
pub(crate) fn is_remote(file: &File) -> io::Result<bool> {
    system::is_remote(file)
}

/// Whether only this user gets at the directory.
pub(crate) fn is_private(directory: &Path) -> io::Result<bool> {
    system::is_private(directory)
}

#[cfg(unix)]
mod system {
    use std::fs::{File, Metadata};
    use std::io;
    use std::os::unix::fs::{FileExt, MetadataExt};
    use std::path::Path;

    pub(super) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        file.read_at(bytes, offset)
    }

    pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        file.write_at(bytes, offset)
    }

    pub(super) fn same(one: &Metadata, other: &Metadata) -> bool {
        (one.dev(), one.ino()) == (other.dev(), other.ino())
    }

    pub(super) fn is_private(directory: &Path) -> io::Result<bool> {
        let found = std::fs::symlink_metadata(directory)?;
        let user = rustix::process::geteuid().as_raw();
        Ok(found.is_dir() && found.uid() == user && found.mode() & 0o077 == 0)
    }

    #[cfg(target_os = "linux")]
    pub(super) fn is_remote(file: &File) -> io::Result<bool> {
        Ok(super::is_of_network(
            rustix::fs::fstatfs(file)?.f_type as u64,
        ))
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn is_remote(_: &File) -> io::Result<bool> {
        Ok(false)
    }
}

#[cfg(windows)]
mod system {
    use std::fs::{File, Metadata};
    use std::io;
    use std::os::windows::fs::{FileExt, MetadataExt};
    use std::path::Path;

    pub(super) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        file.seek_read(bytes, offset)
    }

    pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        file.seek_write(bytes, offset)
    }

    /// What is open cannot be replaced there.
    pub(super) fn same(one: &Metadata, other: &Metadata) -> bool {
        one.creation_time() == other.creation_time()
    }

    /// The profile of a user belongs to that user alone.
    pub(super) fn is_private(_: &Path) -> io::Result<bool> {
        Ok(true)
    }

    pub(super) fn is_remote(_: &File) -> io::Result<bool> {
        Ok(false)
    }
}

/// The network file systems of Linux, by the numbers of `statfs(2)`.
#[cfg(target_os = "linux")]
fn is_of_network(magic: u64) -> bool {
    const NETWORK: [u32; 12] = [
        0x6969,      // NFS
        0x517B,      // SMB
        0xFF53_4D42, // CIFS
        0xFE53_4D42, // SMB 2
        0x0102_1997, // 9P
        0x5346_414F, // AFS
        0x7375_7245, // Coda
        0x00C3_6400, // Ceph
        0x0116_1970, // GFS2
        0x7461_636F, // OCFS2
        0x0BD0_0BD0, // Lustre
        0x6573_5546, // FUSE: sshfs among others
    ];
    // Some systems extend the sign.
    NETWORK.contains(&(magic as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn file_systems_of_a_network_are_known_and_local_ones_are_none() {
        for network in [0x6969, 0xFF53_4D42, 0xFFFF_FFFF_FF53_4D42, 0x6573_5546] {
            assert!(is_of_network(network), "{network:x}");
        }
        // ext4, tmpfs, overlayfs, btrfs, XFS
        for local in [0xEF53, 0x0102_1994, 0x794C_7630, 0x9123_683E, 0x5846_5342] {
            assert!(!is_of_network(local), "{local:x}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_directory_that_others_may_enter_is_not_private() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("inner");
        make_directory(&inner).unwrap();
        make_directory(&inner).unwrap();
        assert!(is_private(&inner).unwrap());
        for mode in [0o710, 0o701, 0o777] {
            std::fs::set_permissions(&inner, PermissionsExt::from_mode(mode)).unwrap();
            assert!(!is_private(&inner).unwrap(), "{mode:o}");
        }
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(directory.path(), &link).unwrap();
        assert!(!is_private(&link).unwrap());
    }
}
