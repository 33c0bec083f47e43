/** The folder, in an app's own, in which procman keeps what belongs to it. */
export const ownFolderName = ".procman";
