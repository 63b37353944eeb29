# The manual page and the shells' completions: printed by the program itself, installed where their readers look.

# tidemark_page(FILE DIRECTORY WORDS…): FILE is what `tidemark WORDS` prints.
function(tidemark_page file directory)
  set(page "${CMAKE_BINARY_DIR}/pages/${file}")
  add_custom_command(OUTPUT "${page}" COMMAND tidemark ${ARGN} > "${page}" DEPENDS tidemark VERBATIM)
  set_property(GLOBAL APPEND PROPERTY tidemark_pages "${page}")
  install(FILES "${page}" DESTINATION "${directory}")
endfunction()

file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/pages")
tidemark_page(tidemark.1 "${CMAKE_INSTALL_MANDIR}/man1" man)
tidemark_page(tidemark "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" completion bash)
tidemark_page(_tidemark "${CMAKE_INSTALL_DATADIR}/zsh/site-functions" completion zsh)
tidemark_page(tidemark.fish "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d" completion fish)
get_property(pages GLOBAL PROPERTY tidemark_pages)
add_custom_target(tidemark_pages ALL DEPENDS ${pages})
